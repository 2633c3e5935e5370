"""The two lists joined order by order, as counts: what the mirror makes possible."""

from dataclasses import dataclass
from enum import StrEnum

from forwarder.core.event import Kind
from forwarder.core.mirror import Device, TagState


class Seen(StrEnum):
    """Which list holds a conversion."""

    BOTH = "both"
    TAG = "tag only"
    SERVER = "server only"
    NEITHER = "neither"  # the mirror alone saw it


class Joined(StrEnum):
    """How a browser's word found our conversion."""

    EVENT_ID = "event_id"
    ORDER_ID = "order_id"
    NOT_AT_ALL = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedRow:
    """How many conversions have all of this in common, reloads and repeats once.

    Units: `day` counted from the first day of the period; values in the smallest unit
    of `currency`, `squares` the sum of their squares; `n_told` of the `n` tell one.
    `tag` is None where no browser said anything about the conversion; `n_late` of ours
    were sent more than an hour after they happened.
    """

    kind: Kind
    seen: Seen
    joined: Joined
    day: int
    device: Device
    tag: TagState | None
    currency: str | None
    n: int
    n_told: int
    value_minor: int
    squares: float
    n_late: int = 0
