"""Stripe: one webhook for all topics; its secret is told once.

Source: https://docs.stripe.com/api/webhook_endpoints (read 2026-11-22)
"""

from typing import Final

from forwarder.asking import Caller
from forwarder.core import reading as read
from forwarder.hookups.platform import Added, Hook, Platform, added, api, hook


def _listed(account: Caller) -> list[Hook]:
    rows = read.records(
        account.get("/v1/webhook_endpoints", {"limit": "100"}).record.get("data")
    )
    return [hook(row, "url", "enabled_events") for row in rows]


def _add(account: Caller, url: str, topics: tuple[str, ...], _secret: str) -> Added:
    form = [("url", url), *(("enabled_events[]", topic) for topic in topics)]
    made = account.post("/v1/webhook_endpoints", form=form).record
    return added(made)


def _remove(account: Caller, hook_id: str) -> None:
    account.delete(f"/v1/webhook_endpoints/{hook_id}")


PLATFORM: Final = Platform(
    api=api("Stripe"),
    topics=(
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "charge.refunded",
        "charge.dispute.created",
    ),
    is_joint=True,
    signed_by="theirs",
    listed=_listed,
    add=_add,
    remove=_remove,
)
