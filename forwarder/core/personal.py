"""Keep e-mail addresses and phone numbers out of what is stored and sent in clear.

Home-made backends like to make ids of them. Such an id still has to be the same every
time, so it becomes a hash; a text that only describes is left out.

Limits: a phone number is known by its + and nine digits or more; national ones and
people's names look like any other id and are not recognised.
"""

import re
from dataclasses import replace
from hashlib import sha256
from typing import Final

from forwarder.core.event import Event, Item, Order

WARNING: Final = "an id held an e-mail address or a phone number: it was hashed"
_FIELD_NAME: Final = re.compile(r"(?!.*[0-9]{3})[A-Za-z_][A-Za-z0-9_-]{0,39}")
_EMAIL: Final = re.compile(r"[^\s@]@[^\s@]+\.[^\s@]")
_PHONE: Final = re.compile(r"(?<![\w+])\+[0-9](?:[\s().\-/]{0,3}[0-9]){8,}")


def names_somebody(text: str | None) -> bool:
    """Say whether a text holds an e-mail address or an international phone number."""
    if text is None:
        return False
    if "@" in text and _EMAIL.search(text):
        return True
    return "+" in text and _PHONE.search(text) is not None


def told_name(name: object) -> str:
    """Return the name of an unknown field as it may be told: it may be a value.

    Longer names than fields have, e-mail addresses and runs of digits are not told.
    """
    is_plain = isinstance(name, str) and _FIELD_NAME.fullmatch(name)
    return str(name) if is_plain else "(unprintable)"


def veiled(text: str) -> str:
    """Return an id that stands for the text and tells nobody's address or number."""
    return f"sha256:{sha256(text.encode('utf-8', 'replace')).hexdigest()[:40]}"


def without_person(event: Event) -> Event:
    """Return the event with no e-mail address or phone number outside of its person."""
    order = event.order
    texts = [event.event_id]
    if order is not None:
        texts += [part for item in order.items for part in _texts(item)]
        texts += [order.id or ""]
    if not any(map(names_somebody, texts)):
        return event
    is_named = names_somebody(event.event_id)
    return replace(
        event,
        event_id=veiled(event.event_id) if is_named else event.event_id,
        order=None if order is None else _order(order),
        warnings=(*event.warnings, WARNING),
    )


def _texts(item: Item) -> list[str]:
    return [text for text in (item.id, item.name, item.brand, item.category) if text]


def _order(order: Order) -> Order:
    is_named = order.id is not None and names_somebody(order.id)
    items = tuple(_item(item) for item in order.items)
    order_id = veiled(order.id) if is_named and order.id is not None else order.id
    return replace(order, id=order_id, items=items)


def _item(item: Item) -> Item:
    kept = {
        name: None if names_somebody(getattr(item, name)) else getattr(item, name)
        for name in ("id", "name", "brand", "category")
    }
    return replace(item, **kept)
