"""BigCommerce's orders, customers and subscribers, by id as its webhooks tell them.

What is behind an id is looked up by the worker, as after a webhook. `api_url` names the
store: https://api.bigcommerce.com/stores/HASH.
Source: https://developer.bigcommerce.com/docs/rest-management (read 2026-11-22)
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import orjson

from forwarder.core import reading as read
from forwarder.core.event import Notice
from forwarder.pulls.access import Access, Record, api, iso, pages, rows

BIGCOMMERCE: Final = api("BigCommerce")
PAGE: Final = 250


def orders(access: Access) -> Iterator[Notice]:
    """Give every order created in the window by its status. Raises: NoAnswer."""
    account = access.to("bigcommerce", BIGCOMMERCE)
    which = {
        "min_date_created": iso(access.since),
        "max_date_created": iso(access.until),
        "sort": "id:asc",
        "limit": str(PAGE),
    }
    for page in pages(account):
        answer = access.get(account, "/v2/orders", {**which, "page": str(page)})
        if answer.data is None:  # 204: none, or none any more
            return
        found = rows(account, answer)
        for row in found:
            status = {"new_status_id": row.get("status_id")}
            data = {"type": "order", "id": row.get("id"), "status": status}
            yield _notice(account.base_url, "store/order/statusUpdated", data, row)
        if len(found) < PAGE:
            return


def people(access: Access) -> Iterator[Notice]:
    """Give every customer and subscriber since the window began. Raises: NoAnswer."""
    kinds = (("customers", "customer"), ("customers/subscribers", "subscriber"))
    account = access.to("bigcommerce", BIGCOMMERCE)
    for path, kind in kinds:
        for row in _rows(access, f"/v3/{path}"):
            data = {"type": kind, "id": row.get("id")}
            yield _notice(account.base_url, f"store/{kind}/created", data, row)


def _rows(access: Access, path: str) -> Iterator[Record]:
    account = access.to("bigcommerce", BIGCOMMERCE)
    which = {"date_created:min": iso(access.since), "limit": str(PAGE)}
    for page in pages(account):
        answer = access.get(account, path, {**which, "page": str(page)})
        yield from rows(account, answer, "data")
        n_pages = read.whole(answer.under("meta", "pagination").get("total_pages"))
        if n_pages is None or page >= n_pages:
            return


def _notice(base_url: str, scope: str, data: Record, row: Record) -> Notice:
    created_at = _moment(read.text(row.get("date_created")))
    body = {
        "scope": scope,
        "producer": f"stores/{base_url.rpartition('/')[2]}",
        "data": data,
        "created_at": None if created_at is None else int(created_at.timestamp()),
    }
    headers = {"content-type": "application/json"}
    return Notice(headers=headers, body=orjson.dumps(body))


def _moment(written: str | None) -> datetime | None:
    """Return a time: orders write it as e-mails do, the rest in ISO 8601."""
    if written is None:
        return None
    try:
        return parsedate_to_datetime(written).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return read.moment(written)
