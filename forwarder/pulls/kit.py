"""Kit's confirmed subscribers, as its older webhooks tell them.

Source: https://developers.kit.com/api-reference/subscribers/list-subscribers
(read 2026-11-22)
"""

from collections.abc import Iterator
from typing import Final

import orjson

from forwarder.core import reading as read
from forwarder.core.event import Notice
from forwarder.pulls.access import MAX_PAGES, Access, api, iso

KIT: Final = api("Kit")


def people(access: Access) -> Iterator[Notice]:
    """Give every active subscriber who joined in the window. Raises: NoAnswer."""
    account = access.to("kit", KIT)
    params = {
        "status": "active",
        "created_after": iso(access.since),
        "created_before": iso(access.until),
        "per_page": "500",
    }
    for _ in range(MAX_PAGES):
        page = access.get(account, "/v4/subscribers", params).record
        for row in read.records(page.get("subscribers")):
            if access.is_within(row.get("created_at")):
                yield Notice(headers=_HEADERS, body=orjson.dumps({"subscriber": row}))
        paging = read.record(page.get("pagination"))
        cursor = read.text(paging.get("end_cursor"))
        if paging.get("has_next_page") is not True or cursor is None:
            return
        params = {**params, "after": cursor}


_HEADERS: Final = {"content-type": "application/json"}
