"""Keep an e-mail address out of the fields that are stored and sent in clear.

Home-made backends like to make ids of addresses. Such an id still has to be the same
every time, so it becomes a hash; a text that only describes is left out.
"""

import re
from dataclasses import replace
from hashlib import sha256
from typing import Final

from forwarder.core.event import Event, Item, Order

WARNING: Final = "an id held an e-mail address: it was hashed"
_EMAIL: Final = re.compile(r"[^\s@]@[^\s@]+\.[^\s@]")


def holds_email(text: str | None) -> bool:
    """Say whether a text holds an e-mail address."""
    return text is not None and "@" in text and _EMAIL.search(text) is not None


def veiled(text: str) -> str:
    """Return an id that stands for the text and tells nobody's address."""
    return f"sha256:{sha256(text.encode('utf-8', 'replace')).hexdigest()[:40]}"


def without_email(event: Event) -> Event:
    """Return the event with no e-mail address outside of its person."""
    order = event.order
    texts = [event.event_id]
    if order is not None:
        texts += [part for item in order.items for part in _texts(item)]
        texts += [order.id or ""]
    if not any(map(holds_email, texts)):
        return event
    is_named = holds_email(event.event_id)
    return replace(
        event,
        event_id=veiled(event.event_id) if is_named else event.event_id,
        order=None if order is None else _order(order),
        warnings=(*event.warnings, WARNING),
    )


def _texts(item: Item) -> list[str]:
    return [text for text in (item.id, item.name, item.brand, item.category) if text]


def _order(order: Order) -> Order:
    is_named = order.id is not None and holds_email(order.id)
    items = tuple(_item(item) for item in order.items)
    order_id = veiled(order.id) if is_named and order.id is not None else order.id
    return replace(order, id=order_id, items=items)


def _item(item: Item) -> Item:
    kept = {
        name: None if holds_email(getattr(item, name)) else getattr(item, name)
        for name in ("id", "name", "brand", "category")
    }
    return replace(item, **kept)
