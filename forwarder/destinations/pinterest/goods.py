"""What was bought, searched or asked for: Pinterest's `custom_data`."""

from decimal import Decimal
from functools import cache
from typing import Any, Final

import pycountry

from forwarder.core.delivery import Dropped
from forwarder.core.event import Event, Item, Money, Order
from forwarder.destinations.pinterest.texts import Drop

NOT_A_NUMBER: Final = Drop("not_a_number")
NEGATIVE: Final = Drop("negative")
OUT_OF_RANGE: Final = Drop("out_of_range")

_MAX_AMOUNT_CHARS: Final = 32
_ADJUSTED_EXPONENTS: Final = range(-12, 16)  # from a trillionth to a quadrillion
_QUANTITIES: Final = range(1, 10**9)
_NO_CURRENCY: Final = "no currency: Pinterest takes the value in the account's own"
_LDP_NOWHERE: Final = "limited data processing without the person's state and country"


class Goods:
    """Collects `custom_data` of one event, and what was left out of it."""

    __slots__ = ("data", "dropped", "warnings")

    def __init__(self, dropped: list[Dropped], warnings: list[str]) -> None:
        """Write into the lists that the event's other fields are noted in."""
        self.data: dict[str, Any] = {}
        self.dropped = dropped
        self.warnings = warnings

    def add(self, event: Event, lists: dict[str, list[str]]) -> None:
        """Take over the order, the search and the limits of processing."""
        order = event.order
        if order is not None:
            self._add_order(order)
        if event.search:
            if "@" in event.search:
                self._drop("search", "personal_data")
            else:
                self.data["search_string"] = event.search
        if event.consent.ldp:
            self.data["opt_out_type"] = "LDP"
            if "st" not in lists or "country" not in lists:
                self.warnings.append(_LDP_NOWHERE)

    def _add_order(self, order: Order) -> None:
        if order.value is not None:
            self._add_value(order.value)
        if order.id:
            self.data["order_id"] = order.id
        if order.items:
            self._add_items(order.items)

    def _add_value(self, value: Money) -> None:
        told = amount(value.amount)
        if isinstance(told, str):
            self.data["value"] = told
        else:
            self._drop("order.value", told.reason)
        currency = value.currency
        if currency not in _currencies():
            currency = currency.strip().upper()
            if currency not in _currencies():
                if currency:
                    self._drop("order.currency", "currency_unknown")
                self.warnings.append(_NO_CURRENCY)
                return
        self.data["currency"] = currency

    def _add_items(self, items: tuple[Item, ...]) -> None:
        contents: list[dict[str, Any]] = []
        n_items: int | None = 0
        for number, item in enumerate(items):
            content = self._content(number, item)
            quantity = content.get("quantity")
            # Half a sum would be a wrong number.
            n_items = (
                None if n_items is None or quantity is None else n_items + quantity
            )
            if content:
                contents.append(content)
        if contents:
            self.data["contents"] = contents
            ids = [one["id"] for one in contents if "id" in one]
            if ids:
                self.data["content_ids"] = ids
        if n_items is not None:
            self.data["num_items"] = n_items

    def _content(self, number: int, item: Item) -> dict[str, Any]:
        quantity = item.quantity
        if quantity is not None and quantity not in _QUANTITIES:
            self._drop(f"order.items[{number}].quantity", "out_of_range")
            quantity = None
        price = None if item.price is None else amount(item.price)
        if isinstance(price, Drop):
            self._drop(f"order.items[{number}].price", price.reason)
            price = None
        # All six at once and the missing ones out again: a dict that grows is slower.
        content = {
            "id": item.id,
            "item_name": item.name,
            "item_category": item.category,
            "item_brand": item.brand,
            "quantity": quantity,
            "item_price": price,
        }
        if all(content.values()):
            return content
        return {key: told for key, told in content.items() if told}

    def _drop(self, name: str, reason: str) -> None:
        self.dropped.append(Dropped(field=name, reason=reason))


def amount(value: Decimal) -> str | Drop:
    """Return a number as plain digits: no exponent, no thousands, not negative."""
    text = str(value)
    if len(text) <= _MAX_AMOUNT_CHARS and text.replace(".", "", 1).isdecimal():
        return text
    if not value.is_finite():
        return NOT_A_NUMBER
    if value == 0:
        return "0"
    if value < 0:
        return NEGATIVE
    if value.adjusted() not in _ADJUSTED_EXPONENTS:
        return OUT_OF_RANGE
    plain = format(value, "f")
    return plain if len(plain) <= _MAX_AMOUNT_CHARS else OUT_OF_RANGE


@cache
def _currencies() -> frozenset[str]:
    return frozenset(one.alpha_3 for one in pycountry.currencies)
