"""Webhooks set up through a platform's API: planned first, then done, and removed.

A webhook is ours if it leads to the address of the endpoint; no other is touched.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from forwarder.asking import NoAnswer
from forwarder.core.delivery import Deferred
from forwarder.hookups import (
    bigcommerce,
    kit,
    mailerlite,
    shopify,
    stripe,
    woocommerce,
)
from forwarder.hookups.platform import Added, Hook, Platform
from forwarder.hookups.work import Hookup, Plan

__all__ = ["PLATFORMS", "Added", "Hook", "Hookup", "Plan", "Platform", "why_not"]

PLATFORMS: Final[Mapping[str, Platform]] = MappingProxyType(
    {
        "bigcommerce": bigcommerce.PLATFORM,
        "kit": kit.PLATFORM,
        "mailerlite": mailerlite.PLATFORM,
        "shopify": shopify.PLATFORM,
        "stripe": stripe.PLATFORM,
        "woocommerce": woocommerce.PLATFORM,
    }
)


def why_not(none: NoAnswer) -> str:
    """Return in a sentence why a platform gave no answer that helps."""
    found = none.outcome
    if isinstance(found, Deferred):
        return f"no answer now ({found.message or found.reason}), try again later"
    return found
