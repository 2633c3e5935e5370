"""Shopify: one webhook per topic; signed with the client secret of the app.

Source: https://shopify.dev/docs/api/admin-rest/latest/resources/webhook
(read 2026-11-22)
"""

from typing import Final

from forwarder.asking import Caller
from forwarder.core import reading as read
from forwarder.hookups.platform import Added, Hook, Platform, added, api, hook


def _listed(account: Caller) -> list[Hook]:
    rows = read.records(
        account.get("/webhooks.json", {"limit": "250"}).record.get("webhooks")
    )
    return [hook(row, "address", "topic") for row in rows]


def _add(account: Caller, url: str, topics: tuple[str, ...], _secret: str) -> Added:
    wanted = {"topic": topics[0], "address": url, "format": "json"}
    made = account.post("/webhooks.json", json={"webhook": wanted}).under("webhook")
    return added(made)


def _remove(account: Caller, hook_id: str) -> None:
    account.delete(f"/webhooks/{hook_id}.json")


PLATFORM: Final = Platform(
    api=api("Shopify"),
    topics=("orders/paid", "orders/cancelled", "refunds/create", "customers/create"),
    is_joint=False,
    signed_by="app",
    listed=_listed,
    add=_add,
    remove=_remove,
)
