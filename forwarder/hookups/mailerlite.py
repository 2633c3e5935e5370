"""MailerLite: one webhook for all topics; its secret is told with it.

Source: https://developers.mailerlite.com/docs/webhooks (read 2026-11-22)
"""

from typing import Final

from forwarder.asking import Caller
from forwarder.core import reading as read
from forwarder.hookups.platform import NAME, Added, Hook, Platform, added, api, hook


def _listed(account: Caller) -> list[Hook]:
    rows = read.records(account.get("/api/webhooks").record.get("data"))
    return [hook(row, "url", "events") for row in rows]


def _add(account: Caller, url: str, topics: tuple[str, ...], _secret: str) -> Added:
    wanted = {"name": NAME, "url": url, "events": list(topics), "enabled": True}
    made = account.post("/api/webhooks", json=wanted).under("data")
    return added(made)


def _remove(account: Caller, hook_id: str) -> None:
    account.delete(f"/api/webhooks/{hook_id}")


PLATFORM: Final = Platform(
    api=api("MailerLite"),
    topics=("subscriber.created", "subscriber.active"),
    is_joint=True,
    signed_by="theirs",
    listed=_listed,
    add=_add,
    remove=_remove,
)
