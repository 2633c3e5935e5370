"""What the browsers of the demo tell of the tag, and the truth to check against."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256

from forwarder.core.delivery import Status
from forwarder.core.event import Kind
from forwarder.core.mirror import Allowed, Device, MirrorEvent, TagState
from forwarder.store.log import Line

BROWSERS = (  # device, how many of a thousand buyers use it, how many of those block
    (Device.DESKTOP_CHROME, 300, 0.24),
    (Device.DESKTOP_SAFARI, 120, 0.15),
    (Device.DESKTOP_OTHER, 60, 0.44),
    (Device.IOS_SAFARI, 270, 0.20),
    (Device.ANDROID, 200, 0.08),
    (Device.IN_APP, 50, 0.12),
)
SILENT_SHARE = 0.04  # closed the page at once, or bought somewhere else
OTHER_ID_SHARE = 0.02  # the tag sends an id of its own
RELOAD_SHARE = 0.03
LOST_SHARE = 0.01  # the tag saw a sale whose webhook never came
KINDS = frozenset({Kind.CHECKOUT, Kind.SIGNUP, Kind.LEAD})
UNDONE = frozenset({Kind.REFUND, Kind.CANCEL})


@dataclass(slots=True)
class Truth:
    """What really happened to the conversions of one kind. Units: conversions."""

    both: int = 0
    tag_only: int = 0
    server_only: int = 0
    returned: int = 0  # of those that our server recorded: refunded or cancelled later
    states: Counter[str] = field(default_factory=Counter)  # of the server-only ones

    @property
    def counts(self) -> tuple[int, int, int]:
        """The three cells, as the report counts them."""
        return self.both, self.tag_only, self.server_only


def browsers(
    lines: Iterable[Line], month: date
) -> tuple[list[MirrorEvent], dict[Kind, Truth]]:
    """Return what the pages of the month told, and what is true by kind."""
    truth = {kind: Truth() for kind in KINDS}
    told: list[MirrorEvent] = []
    lines = list(lines)
    if lines:  # the mirror was on before the month began
        eve = datetime.combine(month, time(), UTC) - timedelta(hours=3)
        visit = replace(_report(lines[0], TagState.ALIVE), kind=Kind.PAGE_VISIT)
        told.append(replace(visit, event_id="the evening before", received_at=eve))
    returned = {_order(line) for line in lines if Kind(line.kind) in UNDONE}
    for line in lines:
        on = line.occurred_at.date()
        is_month = (on.year, on.month) == (month.year, month.month)
        if is_month and line.status is Status.DELIVERED and Kind(line.kind) in KINDS:
            told += _of_one(line, truth[Kind(line.kind)])
            truth[Kind(line.kind)].returned += _order(line) in returned
    return told, {kind: found for kind, found in truth.items() if sum(found.counts)}


def _order(line: Line) -> tuple[str, str | None]:
    return line.endpoint, line.order_id


def _of_one(line: Line, truth: Truth) -> Iterator[MirrorEvent]:
    if _chance(line, "lost") < LOST_SHARE and line.order_id is not None:
        truth.tag_only += 1
        lost = f"{line.order_id}-lost"
        yield replace(_report(line, TagState.ALIVE), event_id=lost, order_id=lost)
    if _chance(line, "silent") < SILENT_SHARE:
        truth.server_only += 1
        truth.states["silent"] += 1
        return
    device, blocked_share = _browser(line)
    is_blocked = _chance(line, "blocked") < blocked_share
    state = TagState.BLOCKED if is_blocked else TagState.ALIVE
    if is_blocked:
        truth.server_only += 1
        truth.states[state.value] += 1
    else:
        truth.both += 1
    report = replace(_report(line, state), device=device)
    if _chance(line, "id") < OTHER_ID_SHARE and line.order_id is not None:
        report = replace(report, event_id=f"tag-{line.order_id}")
    yield report
    if _chance(line, "reload") < RELOAD_SHARE and line.order_id is not None:
        yield replace(report, event_id=f"reload-{line.order_id}")


def _browser(line: Line) -> tuple[Device, float]:
    left = _chance(line, "device") * 1_000
    for device, n, blocked_share in BROWSERS:
        left -= n
        if left < 0:
            return device, blocked_share
    return Device.UNKNOWN, 0.0


def _report(line: Line, state: TagState) -> MirrorEvent:
    return MirrorEvent(
        endpoint=line.endpoint,
        kind=Kind(line.kind),
        device=Device.UNKNOWN,
        tag=state,
        consent=Allowed.GRANTED,
        has_gpc=False,
        received_at=line.occurred_at,  # a month is played in a minute
        event_id=line.event_id,
        order_id=line.order_id,
        value_minor=line.value_minor,
        currency=line.currency,
    )


def _chance(line: Line, what: str) -> float:
    """Return a number from 0 to 1 that is the same every time."""
    digest = sha256(f"{what}|{line.event_id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32
