"""What a Lemon Squeezy order, subscription or payment says, piece by piece.

Amounts are whole numbers of minor units. `*_usd` and the formatted amounts of refunds
are not used: they were seen wrong.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from forwarder.core import reading as read
from forwarder.core.choices import based, item_id
from forwarder.core.event import Item, Money, Person
from forwarder.core.money import ISO_EXPONENTS, amount, from_minor
from forwarder.core.names import parted
from forwarder.core.source import Options

Json = Mapping[str, object]


def buyer(data: Json) -> Person:
    """Return who bought; the name comes as one text."""
    first_name, last_name = parted(data.get("user_name"))
    return Person(
        email=read.one(data.get("user_email")),
        first_name=first_name,
        last_name=last_name,
        external_id=read.one(data.get("customer_id")),
    )


def charged(data: Json, options: Options) -> Money | None:
    """Return the order's value; Lemon Squeezy's subtotal is before the discount."""
    goods, off = money(data, "subtotal"), money(data, "discount_total")
    if goods is not None and off is not None:
        goods = replace(goods, amount=goods.amount - off.amount)
    return based(options, money(data, "total"), goods, money(data, "tax"))


def items(data: Json, options: Options) -> tuple[Item, ...]:
    """Return the first order line, the only one told; no quantity means one."""
    line = read.record(data.get("first_order_item"))
    names = {name: read.text(line.get(name)) for name in ("variant_id", "product_id")}
    price = from_minor(line.get("price"), data.get("currency"), _exponents(data))
    item = Item(
        id=item_id(options, names),
        name=read.text(line.get("product_name")),
        quantity=read.whole(line.get("quantity", 1)),
        price=None if price is None else price.amount,
    )
    return (item,) if line else ()


def money(data: Json, name: str) -> Money | None:
    """Return an amount of the object in its currency."""
    return from_minor(data.get(name), data.get("currency"), _exponents(data))


def _exponents(data: Json) -> Mapping[str, int]:
    """Return ISO's exponents, or none: then every currency counts in hundredths.

    Unverified: what yen are counted in; the total as shown to the buyer settles it.
    """
    digits = re.sub(r"[^0-9.]", "", read.text(data.get("total_formatted")) or "")
    shown, total = amount(digits), amount(data.get("total"))
    is_hundredths = shown is not None and shown > 0 and total == shown * 100
    return {} if is_hundredths else ISO_EXPONENTS
