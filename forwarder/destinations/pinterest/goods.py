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
        contents = [self._content(number, item) for number, item in enumerate(items)]
        filled = [one for one in contents if one]
        if filled:
            self.data["contents"] = filled
        ids = [one["id"] for one in filled if "id" in one]
        if ids:
            self.data["content_ids"] = ids
        quantities = [one.get("quantity") for one in contents]
        if None not in quantities:  # half a sum would be a wrong number
            self.data["num_items"] = sum(quantities)

    def _content(self, number: int, item: Item) -> dict[str, Any]:
        content: dict[str, Any] = {}
        if text := item.id:
            content["id"] = text
        if text := item.name:
            content["item_name"] = text
        if text := item.category:
            content["item_category"] = text
        if text := item.brand:
            content["item_brand"] = text
        quantity, price = item.quantity, item.price
        if quantity is not None:
            if quantity in _QUANTITIES:
                content["quantity"] = quantity
            else:
                self._drop(f"order.items[{number}].quantity", "out_of_range")
        if price is not None:
            told = amount(price)
            if isinstance(told, str):
                content["item_price"] = told
            else:
                self._drop(f"order.items[{number}].price", told.reason)
        return content

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
