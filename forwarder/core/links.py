"""Links of our own and the clicks on them, in words every floor shares."""

import hmac
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from forwarder.core.mirror import Device

TOKENS = "click tokens"  # what the keys of tokens, marks and audits are derived for
MARKS = "click marks"
AUDITS = "link audits"


class UtmPolicy(StrEnum):
    """Whose campaign fields count where a link and the click on it both have some."""

    INCOMING_WINS = "incoming_wins"  # of a field in both, the visitor's
    LINK_WINS = "link_wins"  # of a field in both, the link's
    FILL_MISSING = "fill_missing"  # all of the visitor's, or all of the link's


class ClickClass(StrEnum):
    """Who clicked. Only people feed numbers and get a token."""

    HUMAN = "human"
    HEAD = "head"  # platforms look with the agents of browsers
    PREFETCH = "prefetch"  # a browser that asks before anybody clicked
    BOT_UA = "bot_ua"
    PREVIEW = "preview"  # fetched for the picture beside a shared link
    EMPTY_UA = "empty_ua"
    RATE = "rate"  # more clicks a minute than a person makes
    INTERNAL = "internal"  # our own audit, or the operator


@dataclass(frozen=True, slots=True)
class Arm:
    """One of several destinations of a link, and how large its share is."""

    to: str
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link of our own. `arms` are tried against each other; empty leads to `to`.

    `fallback` is where a link leads that is paused or over; empty leads nowhere.
    `code` is the discount code that stands for this link alone; empty for none.
    """

    slug: str
    to: str
    campaign: str = ""
    pin_id: str = ""
    utm_policy: UtmPolicy | None = None  # None: as the settings say
    is_paused: bool = False
    expires_at: datetime | None = None
    fallback: str = ""
    arms: tuple[Arm, ...] = ()
    code: str = ""

    def is_open(self, now: datetime) -> bool:
        """Say whether the link leads where it was made for."""
        is_over = self.expires_at is not None and now >= self.expires_at
        return not self.is_paused and not is_over


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """One request for a link. No address, no agent, no token in clear.

    `token_sha256` and `epik_mac` find the order it led to; `sealed` holds the click id
    and the addresses, bound to `id`. All three are None without a token.
    """

    id: str
    slug: str
    at: datetime
    kind: ClickClass
    device: Device = Device.UNKNOWN
    token_sha256: str | None = None
    epik_mac: str | None = None
    sealed: bytes | None = field(default=None, repr=False)
    is_repeat: bool = False
    is_oversize: bool = False
    is_qr: bool = False
    is_landing: bool = False
    arm: int = 0
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bio:
    """A page of links for a profile. Shape: `entries` are (slug, label), in order."""

    name: str
    title: str
    entries: tuple[tuple[str, str], ...]


def mark_of(key: bytes, what: str, value: str) -> str:
    """Return the keyed hash that finds an equal value again, and tells nothing."""
    return hmac.digest(key, f"{what}\0{value}".encode(), "sha256").hex()


def plain(value: str) -> str:
    """Return an address, number or code as it is compared: no case, no spaces."""
    return "".join(value.split()).lower()
