"""Kajabi: purchases, orders, payments, filled forms and tags.

Signing: none that is documented in full; the secret is the last part of the address.
(A bearer comes along, but no page says how to set it.) Retries: not documented.
The body is a list of JSON:API resources joined by their types and ids, by itself or as
`payload` beside the name of the event. Without a name the types tell the event, and a
tag that was removed looks like one that was added: each event has an address of its
own. A purchase, its order and its payment have different ids, so only one may be sent.
Source: https://developers.kajabi.com/api-reference/webhooks (read 2026-11-22)
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing
from forwarder.core.carried import carried
from forwarder.core.choices import based, finish, item_id
from forwarder.core.event import (
    Event,
    Item,
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

# The most telling type first: an order comes with its transactions.
EVENTS: Final[Mapping[str, str]] = {
    "orders": "order_created",
    "purchases": "purchase",
    "transactions": "payment_succeeded",
    "form_submissions": "form_submission",
    "contact_tags": "tag_added",
}
SALES: Final = frozenset({"purchases", "orders", "transactions"})

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Told:
    """One notice while it is read: its resources, by type and id, and the main one."""

    main: str
    found: Mapping[tuple[str, str], Json]
    notice: Notice
    options: Options

    def one(self, kind: str) -> tuple[str | None, Json]:
        """Return id and attributes of the first resource of a type."""
        for (each, resource_id), attributes in self.found.items():
            if each == kind:
                return resource_id, attributes
        return None, {}


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:  # noqa: ARG001
    """Return if the address ended in `secret`. Raises: Forged."""
    signing.verify_path_secret(notice, secret)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:  # noqa: ARG001
    """Return the notice with the secret in its address, where Kajabi has it."""
    return replace(notice, path_secret=secret)


def delivery_key(notice: Notice) -> str:
    """Return the hash of the body: what its `id` names is not documented."""
    return read.short_key(notice.body)


def parse(notice: Notice, options: Options) -> Reading:
    """Return the event of a notice, or why there is none. Raises: Unreadable."""
    data = decode.read_json(notice.body)
    topic = read.text(read.at(data, "event"))
    rows = data if isinstance(data, list) else read.at(data, "payload")
    if not isinstance(rows, list):
        raise Unreadable("the body is no list of resources")
    found = {
        (read.text(row.get("type")) or "", read.text(row.get("id")) or ""): read.record(
            row.get("attributes")
        )
        for row in read.records(rows)
    }
    types = {kind for kind, _ in found}
    main = next((kind for kind in EVENTS if kind in types), "")
    if (topic or EVENTS.get(main)) != EVENTS.get(main) or not main:
        return Reading(ignored=f"topic not mapped: {read.topic_words(topic)}")
    return _read(_Told(main, found, notice, options))
