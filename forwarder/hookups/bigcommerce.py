"""BigCommerce: one webhook per topic; signed with the client secret of the account.

Source: https://developer.bigcommerce.com/docs/rest-management/webhooks
(read 2026-11-22)
"""

from typing import Final

from forwarder.asking import Caller
from forwarder.core import reading as read
from forwarder.hookups.platform import Added, Hook, Platform, added, api, hook


def _listed(account: Caller) -> list[Hook]:
    rows = read.records(account.get("/v3/hooks", {"limit": "250"}).record.get("data"))
    return [hook(row, "destination", "scope") for row in rows]


def _add(account: Caller, url: str, topics: tuple[str, ...], _secret: str) -> Added:
    wanted = {"scope": topics[0], "destination": url, "is_active": True}
    made = account.post("/v3/hooks", json=wanted).under("data")
    return added(made)


def _remove(account: Caller, hook_id: str) -> None:
    account.delete(f"/v3/hooks/{hook_id}")


PLATFORM: Final = Platform(
    api=api("BigCommerce"),
    topics=(
        "store/order/statusUpdated",
        "store/order/refund/created",
        "store/customer/created",
        "store/subscriber/created",
    ),
    is_joint=False,
    signed_by="app",
    listed=_listed,
    add=_add,
    remove=_remove,
)
