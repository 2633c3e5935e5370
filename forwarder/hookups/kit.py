"""Kit: one webhook endpoint for all topics; its secret is told once.

Source: https://developers.kit.com/webhooks/getting-started (read 2026-11-22)
"""

from typing import Final

from forwarder.asking import Caller
from forwarder.core import reading as read
from forwarder.hookups.platform import NAME, Added, Hook, Platform, added, api, hook

PATH: Final = "/v4/webhook_endpoints"


def _listed(account: Caller) -> list[Hook]:
    rows = read.records(account.get(PATH).record.get("webhook_endpoints"))
    return [hook(row, "url", "events") for row in rows]


def _add(account: Caller, url: str, topics: tuple[str, ...], _secret: str) -> Added:
    wanted = {"name": NAME, "url": url, "events": list(topics)}
    made = account.post(PATH, json=wanted).under("webhook_endpoint")
    return added(made)


def _remove(account: Caller, hook_id: str) -> None:
    account.delete(f"{PATH}/{hook_id}")


PLATFORM: Final = Platform(
    api=api("Kit"),
    topics=("subscriber.activated",),
    is_joint=True,
    signed_by="theirs",
    listed=_listed,
    add=_add,
    remove=_remove,
)
