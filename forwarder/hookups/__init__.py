"""Webhooks set up through a platform's API: planned first, then done, and removed.

A webhook is ours if it leads to the address of the endpoint; no other is touched.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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

__all__ = ["PLATFORMS", "Added", "Hook", "Plan", "Platform", "plan", "why_not"]

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


@dataclass(frozen=True, slots=True)
class Plan:
    """What is there, and what is to be set up: one webhook per member of `missing`.

    `lacking` are topics that a webhook of ours should have and has not: it must be
    removed first, since a second one would tell everything else twice.
    """

    ours: tuple[Hook, ...]
    missing: tuple[tuple[str, ...], ...]
    lacking: tuple[str, ...] = ()


def plan(platform: Platform, hooks: Iterable[Hook], url: str) -> Plan:
    """Return what setting up would do."""
    ours = tuple(hook for hook in hooks if hook.url.rstrip("/") == url)
    known = {topic for hook in ours for topic in hook.topics}
    absent = tuple(topic for topic in platform.topics if topic not in known)
    if not platform.is_joint:
        return Plan(ours, tuple((topic,) for topic in absent))
    if "*" in known:
        return Plan(ours, ())
    return Plan(ours, (), absent) if ours else Plan(ours, (absent,))


def why_not(none: NoAnswer) -> str:
    """Return in a sentence why a platform gave no answer that helps."""
    found = none.outcome
    if isinstance(found, Deferred):
        return f"no answer now ({found.message or found.reason}), try again later"
    return found
