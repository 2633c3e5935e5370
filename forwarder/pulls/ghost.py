"""Ghost's members, free or paying, as its webhooks tell them.

Source: https://docs.ghost.org/admin-api/members/overview (read 2026-11-22)
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import orjson

from forwarder.core.event import Notice
from forwarder.pulls.access import Access, api, pages, rows

GHOST: Final = api("Ghost")


def people(access: Access) -> Iterator[Notice]:
    """Give every member who joined in the window. Raises: NoAnswer."""
    since, until = _nql(access.since), _nql(access.until)
    params = {
        "filter": f"created_at:>='{since}'+created_at:<'{until}'",
        "order": "created_at asc",
        "limit": "100",
    }
    for number in pages(access.to("ghost", GHOST)):
        account = access.to("ghost", GHOST)  # its pass holds for five minutes
        asked = {**params, "page": str(number)}
        answer = access.get(account, "/members/", asked)
        for row in rows(account, answer, "members"):
            if access.is_within(row.get("created_at")):
                yield _notice(row)
        if answer.under("meta", "pagination").get("next") is None:
            return


def _nql(at: datetime) -> str:
    """Return a time as Ghost's filters read it, in UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _notice(row: dict[str, object]) -> Notice:
    body = {"event": "member.added", "member": {"current": row, "previous": {}}}
    headers = {"content-type": "application/json"}
    return Notice(headers=headers, body=orjson.dumps(body))
