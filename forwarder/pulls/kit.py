"""Kit's confirmed subscribers and purchases, as its older webhooks tell them.

Unverified: that a key, and not only an app, may list purchases.
Source: https://developers.kit.com/api-reference/subscribers/list-subscribers and
/purchases/list-purchases (read 2026-11-22)
"""

from collections.abc import Iterator
from typing import Final

import orjson

from forwarder.core import reading as read
from forwarder.core.event import Notice
from forwarder.pulls.access import Access, Record, api, iso, pages, rows

KIT: Final = api("Kit")


def people(access: Access) -> Iterator[Notice]:
    """Give every active subscriber who joined in the window. Raises: NoAnswer."""
    which = {
        "status": "active",
        "created_after": iso(access.since),
        "created_before": iso(access.until),
    }
    for row in _rows(access, "subscribers", which):
        if access.is_within(row.get("created_at")):
            yield Notice(headers=_HEADERS, body=orjson.dumps({"subscriber": row}))


def orders(access: Access) -> Iterator[Notice]:
    """Give every purchase of the window; all are read. Raises: NoAnswer."""
    for row in _rows(access, "purchases", {}):
        if access.is_within(row.get("transaction_time")):
            yield Notice(headers=_HEADERS, body=orjson.dumps(row))


def _rows(access: Access, name: str, which: dict[str, str]) -> Iterator[Record]:
    account = access.to("kit", KIT)
    params = {**which, "per_page": "500"}
    for _ in pages(account):
        answer = access.get(account, f"/v4/{name}", params)
        yield from rows(account, answer, name)
        paging = answer.under("pagination")
        cursor = read.text(paging.get("end_cursor"))
        if paging.get("has_next_page") is not True or cursor is None:
            return
        params = {**params, "after": cursor}


_HEADERS: Final = {"content-type": "application/json"}
