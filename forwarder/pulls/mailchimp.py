"""Mailchimp's subscribers of every audience, as its webhooks tell them.

The key ends in the data centre, `…-us21`. Who was imported or added by the owner is no
sign-up. Unverified: that `unique_email_id` is what a webhook calls the person's `id`.
Source: https://mailchimp.com/developer/marketing/api/list-members (read 2026-11-22)
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode

from forwarder.asking import Caller
from forwarder.core import reading as read
from forwarder.core.event import Notice
from forwarder.pulls.access import Access, Record, api, iso, pages, rows

MAILCHIMP: Final = api("Mailchimp")
PAGE: Final = 1000
BY_OTHERS: Final = ("import", "admin add", "copy", "batch")


def people(access: Access) -> Iterator[Notice]:
    """Give every subscriber who confirmed in the window. Raises: NoAnswer."""
    account = access.to("mailchimp", MAILCHIMP)
    lists = access.get(account, "/3.0/lists", {"count": "1000", "fields": "lists.id"})
    for one in rows(account, lists, "lists"):
        list_id = read.text(one.get("id"))
        if list_id is not None:
            yield from _members(access, account, list_id)


def _members(access: Access, account: Caller, list_id: str) -> Iterator[Notice]:
    which = {
        "status": "subscribed",
        "since_timestamp_opt": iso(access.since),
        "before_timestamp_opt": iso(access.until),
        "count": str(PAGE),
    }
    for page in pages(account):
        params = {**which, "offset": str((page - 1) * PAGE)}
        answer = access.get(account, f"/3.0/lists/{list_id}/members", params)
        members = rows(account, answer, "members")
        for row in members:
            source = (read.text(row.get("source")) or "").lower()
            if not source.startswith(BY_OTHERS):
                yield _notice(list_id, row)
        if len(members) < PAGE:
            return


def _notice(list_id: str, row: Record) -> Notice:
    told_at = read.moment(row.get("timestamp_opt"))
    pairs = {
        "type": "subscribe",
        "fired_at": "" if told_at is None else f"{told_at:%Y-%m-%d %H:%M:%S}",
        "data[id]": read.text(row.get("unique_email_id")) or "",
        "data[list_id]": list_id,
        "data[email]": read.text(row.get("email_address")) or "",
    }
    for name, value in read.record(row.get("merge_fields")).items():
        for part, inner in read.record(value).items():
            pairs[f"data[merges][{name}][{part}]"] = read.text(inner) or ""
        if not isinstance(value, dict):
            pairs[f"data[merges][{name}]"] = read.text(value) or ""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Notice(headers=headers, body=urlencode(pairs).encode())
