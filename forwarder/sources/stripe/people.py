"""People and their subscriptions: new customers, new subscriptions, trials."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from forwarder.core import reading as read
from forwarder.core.choices import finish
from forwarder.core.event import Event, Kind, Person
from forwarder.sources.stripe import parts
from forwarder.sources.stripe.parts import Told

KINDS: Final[Mapping[str, Kind]] = {
    "trialing": Kind.START_TRIAL,
    "active": Kind.SUBSCRIBE,
}


def customer(told: Told) -> Event:
    """Read a new customer."""
    data = told.data
    customer_id = read.needed("customer id", data.get("id"))
    address = read.record(data.get("address"))
    event = replace(
        parts.event(told, Kind.SIGNUP, customer_id, data.get("created")),
        person=parts.person(data, address, customer_id),
    )
    return finish(event, told.options, parts.handed_along(data))


def subscription(told: Told) -> Event | str:
    """Read a new subscription. It names nobody but whom the metadata names."""
    data, handed = told.data, parts.handed_along(told.data)
    kind = KINDS.get(read.text(data.get("status")) or "")
    if kind is None:
        return "not active yet"
    if kind is Kind.START_TRIAL and not (handed.ip and handed.user_agent):
        # The session tells the same trial, with the person; this would shadow it.
        return "told by the checkout session"
    subject_id = read.needed("subscription id", data.get("id"))
    event = replace(
        parts.event(told, kind, subject_id, data.get("created")),
        person=Person(external_id=read.one(data.get("customer"))),
    )
    return finish(event, told.options, handed)
