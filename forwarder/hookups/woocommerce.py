"""WooCommerce: one webhook per topic; the secret is ours to choose.

Source: https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks
(read 2026-11-22)
"""

from typing import Final

from forwarder.asking import Caller
from forwarder.hookups.platform import NAME, Added, Hook, Platform, added, api, hook

PAGE: Final = 100


def _listed(account: Caller) -> list[Hook]:
    hooks: list[Hook] = []
    for page in range(1, PAGE):
        params = {"per_page": str(PAGE), "page": str(page)}
        rows = account.get("/webhooks", params).rows
        hooks += [
            hook(row, "delivery_url", "topic")
            for row in rows
            if row.get("status") != "disabled"
        ]
        if len(rows) < PAGE:
            break
    return hooks


def _add(account: Caller, url: str, topics: tuple[str, ...], secret: str) -> Added:
    wanted = {
        "name": f"{NAME}: {topics[0]}",
        "topic": topics[0],
        "delivery_url": url,
        "secret": secret,
        "status": "active",
    }
    made = account.post("/webhooks", json=wanted).record
    return added(made)


def _remove(account: Caller, hook_id: str) -> None:
    account.delete(f"/webhooks/{hook_id}", {"force": "true"})


PLATFORM: Final = Platform(
    api=api("WooCommerce"),
    topics=("order.created", "order.updated"),
    is_joint=False,
    signed_by="ours",
    listed=_listed,
    add=_add,
    remove=_remove,
)
