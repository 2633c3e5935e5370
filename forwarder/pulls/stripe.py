"""Stripe's own events, word for word as its webhooks bring them.

Stripe keeps them for 30 days. The key may be restricted to reading events.
Source: https://docs.stripe.com/api/events/list (read 2026-11-22)
"""

from collections.abc import Iterator
from typing import Final

import orjson

from forwarder.core import reading as read
from forwarder.core.event import Notice
from forwarder.pulls.access import Access, api, pages, rows

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
    for _ in pages(account):
        answer = access.get(account, "/v1/events", which + after)
        events = rows(account, answer, "data")
        for row in events:
            yield Notice(headers=_HEADERS, body=orjson.dumps(row))
        if answer.record.get("has_more") is not True or not events:
            return
        after = [("starting_after", read.text(events[-1].get("id")) or "")]


_HEADERS: Final = {"content-type": "application/json"}
