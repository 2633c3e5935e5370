"""WooCommerce's orders and customers, as its webhooks tell them.

The key is `ck_…:cs_…`, consumer key and secret of a user who may read them.
Source: https://woocommerce.github.io/woocommerce-rest-api-docs (read 2026-11-22)
"""

from collections.abc import Iterator
from typing import Final

import orjson

from forwarder.core import reading as read
from forwarder.core.event import Notice
from forwarder.pulls.access import Access, Record, api, iso, pages, rows

WOOCOMMERCE: Final = api("WooCommerce")
PAGE: Final = 100


def orders(access: Access) -> Iterator[Notice]:
    """Give every order created in the window. Raises: NoAnswer."""
    which = {
        "after": iso(access.since).removesuffix("Z"),
        "before": iso(access.until).removesuffix("Z"),
        "dates_are_gmt": "true",
        "orderby": "id",
        "order": "asc",
    }
    for row in _rows(access, "/orders", which):
        yield _notice("order.updated", row)


def people(access: Access) -> Iterator[Notice]:
    """Give every customer registered in the window, latest first. Raises: NoAnswer."""
    which = {"orderby": "registered_date", "order": "desc", "role": "all"}
    for row in _rows(access, "/customers", which):
        created_at = read.moment(row.get("date_created_gmt"))
        if created_at is not None and created_at < access.since:
            return
        if access.is_within(row.get("date_created_gmt")):
            yield _notice("customer.created", row)


def _rows(access: Access, path: str, which: dict[str, str]) -> Iterator[Record]:
    account = access.to("woocommerce", WOOCOMMERCE)
    for page in pages(account):
        params = {**which, "per_page": str(PAGE), "page": str(page)}
        found = rows(account, access.get(account, path, params))
        yield from found
        if len(found) < PAGE:
            return


def _notice(topic: str, row: Record) -> Notice:
    headers = {"content-type": "application/json", "x-wc-webhook-topic": topic}
    return Notice(headers=headers, body=orjson.dumps(row))
