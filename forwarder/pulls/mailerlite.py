"""MailerLite's active subscribers, as its webhooks tell them.

Their list cannot be asked for by time: all of it is read, those in the window are kept.
Who was imported by the owner is no sign-up.
Source: https://developers.mailerlite.com/docs/subscribers (read 2026-11-22)
"""

from collections.abc import Iterator
from typing import Final

import orjson

from forwarder.core import reading as read
from forwarder.core.event import Notice
from forwarder.pulls.access import Access, api, pages, rows

MAILERLITE: Final = api("MailerLite")


def people(access: Access) -> Iterator[Notice]:
    """Give every active subscriber who joined in the window. Raises: NoAnswer."""
    account = access.to("mailerlite", MAILERLITE)
    params = {"filter[status]": "active", "limit": "100"}
    for _ in pages(account):
        answer = access.get(account, "/api/subscribers", params)
        for row in rows(account, answer, "data"):
            is_new = access.is_within(row.get("subscribed_at"), row.get("created_at"))
            if is_new and row.get("source") != "import":
                body = {**row, "event": "subscriber.created"}
                yield Notice(headers=_HEADERS, body=orjson.dumps(body))
        cursor = read.text(answer.under("meta").get("next_cursor"))
        if cursor is None:
            return
        params = {**params, "cursor": cursor}


_HEADERS: Final = {"content-type": "application/json"}
