"""What can become of one delivery, and what every destination promises."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from forwarder.core.event import Event, Person


class Status(StrEnum):
    """The word an operator reads beside an event."""

    PENDING = "pending"
    DELIVERED = "delivered"
    REFUSED = "refused"
    BLOCKED = "blocked"  # a pending delivery whose destination waits for a person
    SKIPPED = "skipped"


class NoticeStatus(StrEnum):
    """The word an operator reads beside a webhook."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The platform said yes to this event."""

    message: str = ""  # the platform's warning, if it gave one


@dataclass(frozen=True, slots=True)
class Deferred:
    """Later, by itself. `counts` is False when the event is not to blame."""

    reason: str
    message: str = ""
    retry_after_s: float | None = None  # the platform's own wish
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """Never by itself; a person may mend the cause and replay it."""

    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Nobody, until a person acts: a bad token, a missing permission."""

    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Not sent on purpose: too old, no consent."""

    reason: str
    message: str = ""


Outcome = Delivered | Deferred | Refused | Blocked | Skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A field that was left out, and why. Never holds the value."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """One event as it leaves, frozen: every further attempt sends these bytes.

    Shape: `body` is the exact JSON of one event; `shown` the same with IP and user
    agent masked, fit for the log; `notes` what was left out and what is doubtful.
    """

    body: bytes = field(repr=False)
    shown: bytes = field(repr=False)
    dropped: tuple[Dropped, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one request to the platform.

    Shape: one outcome per event sent, same order; empty when the request was refused
    as a whole and its events went out again in smaller ones. Units: `duration_ms`;
    `http_status` is None when no answer came. `pause_s` asks the caller to leave the
    whole destination alone for that long.
    """

    outcomes: tuple[Outcome, ...]
    n_events: int
    http_status: int | None = None
    message: str = ""
    request_id: str = ""
    duration_ms: int = 0
    pause_s: float | None = None


class Destination(Protocol):
    """One platform account. Safe to use from several threads."""

    @property
    def name(self) -> str:
        """The word in the settings, the log and the table; `main:test` in test mode.

        Test and live deliveries thus never share a queue.
        """

    @property
    def max_batch(self) -> int:
        """How many events one request may hold."""

    @property
    def max_age(self) -> timedelta:
        """How old an event may be when it is sent; older ones are skipped."""

    @property
    def credential(self) -> str:
        """A fingerprint of token and account: a change ends a block."""

    def encode(self, event: Event) -> Encoded | Refused | Skipped:
        """Return the event as it leaves: same event, same bytes. Never raises."""

    def identify(self, person: Person, region: str | None) -> frozenset[str]:
        """Return the traces of a person: each field and hash that tell who it was.

        Of e-mail, phone and customer id only; `region` is the country that national
        phone numbers are read in. Never raises.
        """

    def identified(self, shown: bytes) -> frozenset[str]:
        """Return the traces that stand in a payload as it is kept. Never raises."""

    def unmask(self, shown: bytes, ip: str | None, user_agent: str | None) -> bytes:
        """Return the exact body again from what was kept of it."""

    def send(self, batch: Sequence[bytes]) -> Iterator[Answer]:
        """Send encoded events, yield one answer per request as it comes in.

        The outcomes of all answers, joined, match the batch in length and order.
        Never raises for what the network or the platform does.
        """
