"""Squarespace's orders, by id as its webhooks tell them; the worker looks them up.

Source: https://developers.squarespace.com/commerce-apis/retrieve-all-orders
(read 2026-11-22)
"""

from collections.abc import Iterator
from typing import Final

import orjson

from forwarder.core import reading as read
from forwarder.core.event import Notice
from forwarder.pulls.access import Access, api, iso, pages, rows

SQUARESPACE: Final = api("Squarespace")


def orders(access: Access) -> Iterator[Notice]:
    """Give every order created in the window. Raises: NoAnswer."""
    account = access.to("squarespace", SQUARESPACE)
    params = {"modifiedAfter": iso(access.since), "modifiedBefore": iso(access.until)}
    for _ in pages(account):
        answer = access.get(account, "/1.0/commerce/orders", params)
        for row in rows(account, answer, "result"):
            if access.is_within(row.get("createdOn")):
                yield _notice(row)
        cursor = read.text(answer.under("pagination").get("nextPageCursor"))
        if cursor is None:
            return
        params = {"cursor": cursor}  # it goes with no other parameter


def _notice(row: dict[str, object]) -> Notice:
    order_id = read.text(row.get("id"))
    body = {
        "id": f"import-{order_id}",
        "topic": "order.create",
        "createdOn": row.get("createdOn"),
        "data": {"orderId": order_id},
    }
    headers = {"content-type": "application/json"}
    return Notice(headers=headers, body=orjson.dumps(body))
