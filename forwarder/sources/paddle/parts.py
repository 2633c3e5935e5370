"""What the objects of a Paddle notice say, piece by piece.

Amounts are texts of whole minor units. Unverified: that the currencies without minor
units are those of ISO 4217.
"""

from collections.abc import Mapping
from dataclasses import replace

from forwarder.core import reading as read
from forwarder.core.carried import Carried, carried
from forwarder.core.choices import based, item_id
from forwarder.core.event import (
    KNOWN_BY_ID,
    LOCAL_KINDS,
    Event,
    Item,
    Kind,
    Money,
    Person,
)
from forwarder.core.money import amount, from_minor
from forwarder.core.names import parted
from forwarder.core.source import Options, event_id

Json = Mapping[str, object]


def customer_by_id(data: Json) -> Person:
    """Return the customer as every other object names one."""
    return Person(external_id=read.one(data.get("customer_id")))


def customer(data: Json) -> Person:
    """Return the person in a customer object; the name comes as one text."""
    first_name, last_name = parted(data.get("name"))
    return Person(
        email=read.one(data.get("email")),
        first_name=first_name,
        last_name=last_name,
        external_id=read.one(data.get("id")),
    )


def with_look_up(event: Event, data: Json, options: Options) -> Event:
    """Ask for the customer, of whom no transaction and no subscription tells more."""
    if event.person.email or event.kind in LOCAL_KINDS:
        return event
    if not options.api_key:
        return _told_apart(event, data, options)
    ids = read.texts(data.get("customer_id"), data.get("address_id"))
    return replace(event, enrich="paddle_customer", enrich_ref=" ".join(ids) or None)


def _told_apart(event: Event, data: Json, options: Options) -> Event:
    """Name the sign-up of the customer, which a notice of its own has told."""
    customer_id = read.text(data.get("customer_id"))
    ref = customer_id and event_id(options, "paddle", customer_id, Kind.SIGNUP)
    return replace(event, enrich_ref=ref, warnings=(*event.warnings, KNOWN_BY_ID))


def handed_along(data: Json) -> Carried:
    """Return the reserved fields; the checkout's address is the shop's own page."""
    page_url = read.text(read.at(data, "checkout", "url"))
    return carried(read.record(data.get("custom_data")), landing_url=page_url)


def is_trial(data: Json) -> bool:
    """Tell a transaction of 0 that only begins a trial."""
    prices = [
        read.record(item.get("price")) for item in read.records(data.get("items"))
    ]
    has_trial = any(read.record(price.get("trial_period")) for price in prices)
    return has_trial and amount(read.at(data, "details", "totals", "total")) == 0


def total(data: Json, totals: object, name: str = "total") -> Money | None:
    """Return one of an object's totals in its currency."""
    return from_minor(read.record(totals).get(name), data.get("currency_code"))


def charged(data: Json, options: Options) -> Money | None:
    """Return the value of a transaction, before the customer's credit is taken off."""
    totals = read.at(data, "details", "totals")
    goods, off = total(data, totals, "subtotal"), total(data, totals, "discount")
    if goods is not None and off is not None:
        goods = replace(goods, amount=goods.amount - off.amount)
    whole = total(data, totals) or total(data, totals, "grand_total")
    return based(options, whole, goods, total(data, totals, "tax"))


def items(data: Json, options: Options) -> tuple[Item, ...]:
    """Return the lines; a list price may be in another currency than the sale."""
    return tuple(
        Item(
            id=item_id(options, _names(line)),
            name=read.text(read.at(line, "product", "name")),
            quantity=read.whole(line.get("quantity")),
            price=price.amount if price else None,
        )
        for line in read.records(read.at(data, "details", "line_items"))
        for price in [total(data, line.get("unit_totals"), "subtotal")]
    )


def _names(line: Json) -> dict[str, str | None]:
    return {
        "variant_id": read.text(line.get("price_id")),
        "product_id": read.text(read.at(line, "product", "id")),
    }
