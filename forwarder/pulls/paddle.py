"""Paddle's completed transactions and new customers, as its notifications tell them.

A transaction names its customer by id; the worker looks that up with the same key.
Source: https://developer.paddle.com/api-reference/transactions/list-transactions
(read 2026-11-22)
"""

from collections.abc import Iterator
from typing import Final

import orjson

from forwarder.core import reading as read
from forwarder.core.event import Notice
from forwarder.pulls.access import Access, Record, api, iso, pages, rows

PADDLE: Final = api("Paddle")


def orders(access: Access) -> Iterator[Notice]:
    """Give every transaction billed in the window and completed. Raises: NoAnswer."""
    which = {
        "status": "completed",
        "billed_at[GTE]": iso(access.since),
        "billed_at[LT]": iso(access.until),
        "per_page": "30",  # the most
    }
    for row in _rows(access, "/transactions", which):
        if access.is_within(row.get("billed_at")):
            yield _notice("transaction.completed", row, row.get("billed_at"))


def people(access: Access) -> Iterator[Notice]:
    """Give every customer made in the window; all are read. Raises: NoAnswer."""
    for row in _rows(access, "/customers", {"per_page": "200"}):
        if access.is_within(row.get("created_at")):
            yield _notice("customer.created", row, row.get("created_at"))


def _rows(access: Access, path: str, which: dict[str, str]) -> Iterator[Record]:
    account = access.to("paddle", PADDLE)
    params = which
    for _ in pages(account):
        answer = access.get(account, path, params)
        page = rows(account, answer, "data")
        yield from page
        has_more = answer.under("meta", "pagination").get("has_more") is True
        last_id = read.text(page[-1].get("id")) if page else None
        if not has_more or last_id is None:
            return
        params = {**which, "after": last_id}


def _notice(topic: str, row: Record, at: object) -> Notice:
    body = {
        "event_id": f"import-{read.text(row.get('id'))}",
        "event_type": topic,
        "occurred_at": at,
        "data": row,
    }
    headers = {"content-type": "application/json"}
    return Notice(headers=headers, body=orjson.dumps(body))
