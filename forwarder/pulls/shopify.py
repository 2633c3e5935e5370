"""Shopify's orders and customers, as its webhooks tell them.

The key is an app's Admin API access token that may read orders and customers; without
`read_all_orders` Shopify tells the last 60 days only.
Source: https://shopify.dev/docs/api/admin-rest (read 2026-11-22)
"""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import orjson

from forwarder.core.event import Notice
from forwarder.pulls.access import Access, api, iso, pages, rows

SHOPIFY: Final = api("Shopify")
PAGE: Final = "250"

_NEXT = re.compile(r'[?&]page_info=([^&>]+)[^>]*>;\s*rel="?next')


def orders(access: Access) -> Iterator[Notice]:
    """Give every order created in the window as `orders/paid`. Raises: NoAnswer."""
    return _pages(access, "orders", "orders/paid", {"status": "any"})


def people(access: Access) -> Iterator[Notice]:
    """Give every customer created in the window. Raises: NoAnswer."""
    return _pages(access, "customers", "customers/create", {})


def _pages(
    access: Access, name: str, topic: str, which: dict[str, str]
) -> Iterator[Notice]:
    account = access.to("shopify", SHOPIFY)
    headers = {
        "content-type": "application/json",
        "x-shopify-topic": topic,
        "x-shopify-shop-domain": urlsplit(account.base_url).hostname or "",
    }
    params = which | {
        "created_at_min": iso(access.since),
        "created_at_max": iso(access.until),
        "limit": PAGE,
    }
    for _ in pages(account):
        answer = access.get(account, f"/{name}.json", params)
        for row in rows(account, answer, name):
            yield Notice(headers=headers, body=orjson.dumps(row))
        following = _NEXT.search(answer.headers.get("Link", ""))
        if following is None:
            return
        params = {"page_info": following[1], "limit": PAGE}
