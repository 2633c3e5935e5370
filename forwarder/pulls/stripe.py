"""Stripe's own events, word for word as its webhooks bring them.

Stripe keeps them for 30 days. The key may be restricted to reading events.
Source: https://docs.stripe.com/api/events/list (read 2026-11-22)
"""

from collections.abc import Iterator
from typing import Final

import orjson

from forwarder.core import reading as read
from forwarder.core.event import Notice
from forwarder.pulls.access import MAX_PAGES, Access, api

STRIPE: Final = api("Stripe")
PAID: Final = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "payment_intent.succeeded",  # counts only where the shop marked it
)
JOINED: Final = ("customer.created", "customer.subscription.created")


def orders(access: Access) -> Iterator[Notice]:
    """Give the events of paid checkouts, latest first. Raises: NoAnswer."""
    return _events(access, PAID)


def people(access: Access) -> Iterator[Notice]:
    """Give the events of new customers and subscriptions. Raises: NoAnswer."""
    return _events(access, JOINED)


def _events(access: Access, topics: tuple[str, ...]) -> Iterator[Notice]:
    account = access.to("stripe", STRIPE)
    which = [
        ("created[gte]", str(int(access.since.timestamp()))),
        ("created[lt]", str(int(access.until.timestamp()))),
        ("limit", "100"),
        *(("types[]", topic) for topic in topics),
    ]
    after: list[tuple[str, str]] = []
    for _ in range(MAX_PAGES):
        page = access.get(account, "/v1/events", which + after).record
        rows = read.records(page.get("data"))
        for row in rows:
            yield Notice(headers=_HEADERS, body=orjson.dumps(row))
        if page.get("has_more") is not True or not rows:
            return
        after = [("starting_after", read.text(rows[-1].get("id")) or "")]


_HEADERS: Final = {"content-type": "application/json"}
