"""What every shop adapter promises, and the settings it may read."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal, Protocol, TypeGuard

from forwarder.core.event import Kind, Notice, Reading

EVENT_ID_MAX_CHARS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How one endpoint wants its notices read. Defaults are the careful choice.

    `shop` is the endpoint's name; it stands in every derived event_id.
    """

    shop: str
    event_id: str = "{source}:{shop}:{order_id}:{kind}"
    newsletter_kind: Kind = Kind.SIGNUP  # list sign-ups, double opt-ins
    form_kind: Kind = Kind.LEAD  # forms filled in
    value_basis: Literal["total", "subtotal", "net"] = "total"  # net: no tax, shipping
    zero_value: Literal["send", "omit", "skip"] = "send"
    unpaid_orders: Literal["skip", "send"] = "skip"  # cash on delivery, on hold
    offline_orders: Literal["skip", "send"] = "skip"  # POS, draft, imported orders
    renewals: Literal["skip", "send"] = "skip"
    item_id: str = "{variant_id}"  # must equal the id in the Pinterest catalogue
    country: str = ""  # ISO 3166 alpha-2 of the shop; reads national phone numbers
    live: bool = True  # False takes the platform's test mode, and only that
    api_key: str = ""  # for the enrich step; empty sends without its result
    api_url: str = ""  # where the shop's API answers, if not at its usual place
    timestamp_tolerance_s: int = 300
    legacy_signatures: bool = False  # True takes those that can be replayed


class Source(Protocol):
    """One shop's dialect. A module with these four functions satisfies it."""

    def verify(
        self, notice: Notice, secret: str, now: datetime, options: Options
    ) -> None:
        """Return if `secret` signed the notice. Raises: Forged, Stale."""

    def sign(self, notice: Notice, secret: str, now: datetime) -> Notice:
        """Return the notice as the shop would sign it: for samples and `trigger`."""

    def delivery_key(self, notice: Notice) -> str:
        """Return what is equal for two deliveries of one notice, at most 255 chars.

        Called on verified notices only and never raises; falls back to the SHA-256
        of the body.
        """

    def parse(self, notice: Notice, options: Options) -> Reading:
        """Return the events in a verified notice. Raises: Unreadable."""


class KeepsLess(Protocol):
    """A source whose notices show its secret: one more function, if it needs it."""

    def redacted(self, notice: Notice) -> Notice:
        """Return the notice without the secret, the way it is stored; never raises.

        It can still be parsed, but not verified.
        """


def storable(source: Source, notice: Notice) -> Notice:
    """Return the notice as it may be written down."""
    return source.redacted(notice) if _keeps_less(source) else notice


def _keeps_less(source: object) -> TypeGuard[KeepsLess]:
    # By name: to ask a protocol costs 30 us of each webhook.
    return hasattr(source, "redacted")


def event_id(options: Options, source: str, order_id: str, kind: Kind) -> str:
    """Return the derived event_id, the same for every delivery of one conversion.

    Limits: 1 to 256 characters; a longer one keeps its head and ends in a hash.
    """
    text = options.event_id.format(
        source=source, shop=options.shop, order_id=order_id, kind=kind.value
    )
    if len(text) <= EVENT_ID_MAX_CHARS:
        return text
    return f"{text[:191]}:{sha256(text.encode()).hexdigest()}"
