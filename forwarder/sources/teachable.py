"""Teachable: payments, new students, people on the e-mail list, and refunds.

Signing: only others tell of a `teachable-signature` [U]; so the secret is the last part
of the address. Retries: not documented.
The body is an event, or a list of them, of `type` and `object`; the fields of `object`
are not documented for webhooks, so those of the API are looked for [U].
`Transaction.created` comes for each payment, also of a running subscription: all of
one sale have one event id, so the first counts. `Sale.created` is not used: free and
manual enrolments look the same.
Source: https://docs.teachable.com/docs/available-events (read 2026-11-22)
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing
from forwarder.core.carried import Carried
from forwarder.core.choices import based, finish
from forwarder.core.event import (
    Event,
    Kind,
    Money,
    Notice,
    Order,
    Person,
    Reading,
    Unreadable,
)
from forwarder.core.money import from_minor
from forwarder.core.names import parted
from forwarder.core.source import Options, event_id

NOTHING: Final = Carried()  # Teachable has no fields for it

Json = Mapping[str, object]


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:  # noqa: ARG001
    """Return if the address ended in `secret`. Raises: Forged."""
    signing.verify_path_secret(notice, secret)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:  # noqa: ARG001
    """Return the notice with the secret in its address, where Teachable has it."""
    return replace(notice, path_secret=secret)


def delivery_key(notice: Notice) -> str:
    """Return the hash of the body: no id of the delivery is documented."""
    return read.short_key(notice.body)


def parse(notice: Notice, options: Options) -> Reading:
    """Return the events of a notice, or why there are none. Raises: Unreadable."""
    body = decode.read_json(notice.body)
    rows = read.batch(body if isinstance(body, list) else [body])
    if not rows:
        raise Unreadable("the body holds no event")
    made = [_row(row, notice, options) for row in rows]
    events = tuple(each for each in made if isinstance(each, Event))
    reasons = [each for each in made if isinstance(each, str)]
    return Reading(events=events, ignored=None if events else reasons[0])


def _row(row: Json, notice: Notice, options: Options) -> Event | str:
    topic, data = read.text(row.get("type")), read.record(row.get("object"))
    if topic == "Transaction.created":
        event = _paid(data, row, notice, options)
    elif topic == "Transaction.refunded":
        event = _refunded(data, row, notice, options)
    elif topic == "User.created":
        event = _joined(data, row, Kind.SIGNUP, notice, options)
    elif topic == "EmailLead.created":
        event = _joined(data, row, options.newsletter_kind, notice, options)
    else:
        return f"topic ignored: {read.topic_words(topic)}"
    return finish(
        replace(event, is_test=row.get("livemode") is False), options, NOTHING
    )


def _paid(data: Json, row: Json, notice: Notice, options: Options) -> Event:
    order_id = read.needed(
        "sale or transaction id", data.get("sale_id"), data.get("id")
    )
    total, tax = _amount(data, "final_price"), _amount(data, "tax_charge")
    times = (data.get("purchased_at"), data.get("created_at"), row.get("created"))
    return Event(
        event_id=event_id(options, "teachable", order_id, Kind.CHECKOUT),
        kind=Kind.CHECKOUT,
        occurred_at=read.occurred(notice, *times),
        person=_person(data),
        order=Order(id=order_id, value=based(options, total, None, tax)),
    )


def _refunded(data: Json, row: Json, notice: Notice, options: Options) -> Event:
    transaction_id = read.needed("transaction id", data.get("id"))
    value = _amount(data, "amount_refunded")
    times = (data.get("refunded_at"), row.get("created"))
    return Event(
        event_id=event_id(options, "teachable", transaction_id, Kind.REFUND),
        kind=Kind.REFUND,
        occurred_at=read.occurred(notice, *times),
        order=Order(id=read.first(data.get("sale_id"), transaction_id), value=value),
    )


def _joined(
    data: Json, row: Json, kind: Kind, notice: Notice, options: Options
) -> Event:
    person = _person(data)
    stand_in = read.digest(person.email[0] if person.email else None)
    subject_id = read.needed("user", data.get("id"), stand_in)
    if row.get("type") == "EmailLead.created":  # counted apart from the users
        subject_id = f"lead-{subject_id}"
    times = (data.get("created_at"), row.get("created"))
    return Event(
        event_id=event_id(options, "teachable", subject_id, kind),
        kind=kind,
        occurred_at=read.occurred(notice, *times),
        person=person,
    )


def _amount(data: Json, name: str) -> Money | None:
    """Return an amount; the API tells it in the smallest unit of its currency [U]."""
    return from_minor(data.get(name), data.get("currency"))


def _person(data: Json) -> Person:
    """Return the user: the object itself, or the one in it or in its sale [U]."""
    inner = (data.get("user"), read.at(data, "sale", "user"), data)
    user = next((each for each in map(read.record, inner) if each.get("email")), {})
    first_name, last_name = parted(user.get("name"))
    return Person(
        email=read.one(user.get("email")),
        first_name=first_name,
        last_name=last_name,
        external_id=read.one(data.get("user_id"), user.get("id")),
    )
