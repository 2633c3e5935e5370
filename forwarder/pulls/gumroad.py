"""Gumroad's sales, as its pings tell them; the day of the window is asked in UTC.

What a ping alone knows is missing: the query of the product page, and whether the
seller tried the product out.
Source: https://github.com/antiwork/gumroad app/modules/purchase/as_json.rb
(read 2026-11-22)
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import orjson

from forwarder.core import reading as read
from forwarder.core.event import Notice
from forwarder.pulls.access import Access, Record, api, pages, rows

GUMROAD: Final = api("Gumroad")
DAY: Final = timedelta(days=1)  # which days `after` and `before` include is not told
SAME: Final = (
    "full_name",
    "price",
    "quantity",
    "product_id",
    "product_name",
    "purchaser_id",
    "city",
    "state",
    "zip_code",
    "country",
    "sku_id",
    "is_gift_receiver_purchase",
    "is_preorder_authorization",
)


def orders(access: Access) -> Iterator[Notice]:
    """Give every sale of the window, renewals too. Raises: NoAnswer."""
    account = access.to("gumroad", GUMROAD)
    which = {
        "after": f"{access.since - DAY:%Y-%m-%d}",
        "before": f"{access.until + DAY:%Y-%m-%d}",
    }
    params = which
    for _ in pages(account):
        answer = access.get(account, "/v2/sales", params)
        for row in rows(account, answer, "sales"):
            if access.is_within(row.get("created_at")):
                yield _notice(row)
        key = read.text(answer.record.get("next_page_key"))
        if key is None:
            return
        params = {**which, "page_key": key}


def _notice(row: Record) -> Notice:
    own: Record = {name: row[name] for name in SAME if name in row}
    own |= {
        "resource_name": "sale",
        "sale_id": row.get("id"),
        "sale_timestamp": row.get("created_at"),
        "email": row.get("purchase_email", row.get("email")),
        "is_recurring_charge": row.get("recurring_charge", False),
        "short_product_id": row.get("product_permalink"),
    }
    fields = read.record(row.get("custom_fields"))
    custom = {name: value for name, value in fields.items() if name not in own}
    headers = {"content-type": "application/json"}
    body = orjson.dumps({**own, "custom_fields": custom})
    return Notice(headers=headers, body=body)
