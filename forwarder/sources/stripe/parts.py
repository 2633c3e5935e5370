"""What the objects of a Stripe event have in common: amounts, people, metadata."""

from collections.abc import Mapping
from dataclasses import dataclass

from forwarder.core import reading as read
from forwarder.core.carried import Carried, carried
from forwarder.core.event import Event, Kind, Money, Notice, Person
from forwarder.core.money import STRIPE_EXPONENTS, from_minor
from forwarder.core.source import Options, event_id

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Told:
    """One notice while it is read: the envelope and the object in it."""

    envelope: Json
    data: Json
    notice: Notice
    options: Options


def event(told: Told, kind: Kind, subject_id: str, *times: object) -> Event:
    """Return the event without its contents; the envelope's time comes last."""
    is_live = told.envelope.get("livemode", told.data.get("livemode"))
    return Event(
        event_id=event_id(told.options, "stripe", subject_id, kind),
        kind=kind,
        occurred_at=read.occurred(told.notice, *times, told.envelope.get("created")),
        is_test=is_live is False,
    )


def order_id(data: Json, *names: str) -> str:
    """Return the shop's own order number from the metadata, else Stripe's id."""
    own = read.at(data, "metadata", "order_id")
    return read.needed("id", own, *(data.get(name) for name in names), data.get("id"))


def minor(data: Json, name: str, within: Json | None = None) -> Money | None:
    """Return an amount of the object, or of a part of it, in the object's currency."""
    value = (data if within is None else within).get(name)
    return from_minor(value, data.get("currency"), STRIPE_EXPONENTS)


def handed_along(data: Json) -> Carried:
    """Return the reserved fields from the metadata, the only place for them."""
    return carried(read.record(data.get("metadata")))


def is_marked(data: Json) -> bool:
    """Tell a payment that the shop counts by itself: its event id is there."""
    return handed_along(data).event_id is not None


def person(contact: Json, address: Json, customer_id: object) -> Person:
    """Return a person; Stripe keeps the whole name in one text."""
    first_name, last_name = _split(read.text(contact.get("name")) or "")
    return Person(
        email=read.one(contact.get("email")),
        phone=read.one(contact.get("phone"), address.get("phone")),
        first_name=read.texts(first_name),
        last_name=read.texts(last_name),
        city=read.one(address.get("city")),
        state=read.one(address.get("state")),
        postal_code=read.one(address.get("postal_code")),
        country=read.one(address.get("country")),
        external_id=read.one(customer_id, read.at(customer_id, "id")),
    )


def _split(name: str) -> tuple[str, str]:
    """Return first and last name, parted at the last space; one word is a first."""
    first_name, space, last_name = name.rpartition(" ")
    return (first_name, last_name) if space else (name, "")
