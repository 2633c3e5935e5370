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
from dataclasses import replace
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
TOPICS: Final[Mapping[str, str]] = {
    "order_created": "orders",
    "purchase": "purchases",
    "payment_succeeded": "transactions",
    "form_submission": "form_submissions",
    "tag_added": "contact_tags",
}
PHONES: Final = ("phone_number", "mobile_phone_number")

Json = Mapping[str, object]
Rows = list[dict[str, object]]


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
    told = data if isinstance(data, list) else read.at(data, "payload")
    if not isinstance(told, list):
        raise Unreadable("the body is no list of resources")
    rows = read.batch(told)
    types = [row.get("type") for row in rows]
    if topic is None:
        topic = next((name for name, kind in TOPICS.items() if kind in types), None)
    if topic is None or topic not in TOPICS:
        word = "ignored" if topic == "tag_removed" else "not mapped"
        return Reading(ignored=f"topic {word}: {read.topic_words(topic)}")
    if topic in ("form_submission", "tag_added"):
        return Reading(events=(_filled(rows, notice, options),))
    main = _first(rows, TOPICS[topic])
    if read.at(main, "attributes", "action") not in ("charge", None):
        return Reading(ignored="no charge")
    if read.at(main, "attributes", "state") not in ("succeeded", None):
        return Reading(ignored="not paid yet")
    return Reading(events=(_sale(main, rows, notice, options),))


def _first(rows: Rows, kind: str, resource_id: object = None) -> dict[str, object]:
    """Return the first resource of a type, and with the id if one is asked for."""
    for row in rows:
        if row.get("type") == kind and resource_id in (None, row.get("id")):
            return row
    return {}


def _related(main: Json, name: str, rows: Rows) -> dict[str, object]:
    resource_id = read.at(main, "relationships", name, "data", "id")
    return _first(rows, f"{name}s", resource_id)


def _sale(main: Json, rows: Rows, notice: Notice, options: Options) -> Event:
    data = read.record(main.get("attributes"))
    order_id = read.needed("id of the sale", main.get("id"))
    customer = _related(main, "customer", rows)
    buyer = read.record(customer.get("attributes"))
    event = Event(
        event_id=event_id(options, "kajabi", order_id, Kind.CHECKOUT),
        kind=Kind.CHECKOUT,
        occurred_at=read.occurred(notice, data.get("created_at")),
        person=_person({**buyer, "address_zip": data.get("billing_address_zip")}),
        order=Order(
            id=order_id,
            value=_value(data, options),
            items=_items(main, rows, options),
        ),
    )
    known = replace(event.person, external_id=read.one(customer.get("id")))
    extra = read.record(data.get("raw_extra_contact_information"))
    return finish(replace(event, person=known), options, carried(extra))


def _value(data: Json, options: Options) -> Money | None:
    code = data.get("currency", data.get("currency_code"))
    total = data.get("amount_in_cents", data.get("total_price_in_cents"))
    tax = data.get("sales_tax_in_cents", data.get("sales_tax_amount_in_cents"))
    cents = (total, data.get("subtotal_in_cents"), tax)
    return based(options, *(from_minor(each, code) for each in cents))


def _items(main: Json, rows: Rows, options: Options) -> tuple[Item, ...]:
    offer = _related(main, "offer", rows)
    item = Item(
        id=item_id(options, {"product_id": read.text(offer.get("id"))}),
        name=read.text(read.at(offer, "attributes", "title")),
        quantity=read.whole(read.at(main, "attributes", "quantity")),
    )
    return () if item.id is None else (item,)


def _filled(rows: Rows, notice: Notice, options: Options) -> Event:
    """Read a filled form, or a contact who got a tag: one of each counts once."""
    form, contact = _first(rows, "form_submissions"), _first(rows, "contacts")
    main, word = (form, "form") if form else (contact, "contact")
    data = read.record(main.get("attributes"))
    subject_id = read.needed("id of the form or contact", main.get("id"))
    kind = options.form_kind
    event = Event(
        event_id=event_id(options, "kajabi", f"{word}-{subject_id}", kind),
        kind=kind,
        occurred_at=read.occurred(notice),
        person=replace(_person(data), external_id=read.one(contact.get("id"))),
    )
    return finish(event, options, carried(data))


def _person(data: Json) -> Person:
    first_name, last_name = parted(data.get("name"))
    return Person(
        email=read.one(data.get("email")),
        phone=read.texts(*(data.get(name) for name in PHONES)),
        first_name=first_name,
        last_name=last_name,
        city=read.one(data.get("address_city")),
        state=read.one(data.get("address_state")),
        postal_code=read.one(data.get("address_zip")),
        country=read.one(data.get("address_country")),
    )
