"""A month with a mirror, as the store would give it: counts by day and device."""

from collections.abc import Sequence
from dataclasses import replace

from forwarder.core.event import Kind
from forwarder.core.mirror import Device, TagState
from forwarder.core.pairs import Joined, PairedRow, Seen
from forwarder.core.reports import ServerRow
from forwarder.reconcile.evidence import Beside, Evidence, Share
from tests.reconcile.test_report import sale

ROW = PairedRow(
    kind=Kind.CHECKOUT,
    seen=Seen.BOTH,
    joined=Joined.EVENT_ID,
    day=0,
    device=Device.ANDROID,
    tag=TagState.ALIVE,
    currency="EUR",
    n=1,
    n_told=1,
    value_minor=2_500,
    squares=2_500.0**2,
)


def cell(n: int, **changes: object) -> PairedRow:
    """n conversions of 25 euros each."""
    row = replace(ROW, **changes)  # type: ignore[arg-type]
    return replace(row, n=n, n_told=n, value_minor=2_500 * n, squares=2_500.0**2 * n)


def paired_month(both: int, tag: int, blocked: int, silent: int) -> list[PairedRow]:
    """So many of each a day, on two devices."""
    return [
        one
        for day in range(31)
        for one in (
            cell(both, day=day),
            cell(tag, day=day, seen=Seen.TAG, joined=Joined.NOT_AT_ALL),
            cell(blocked, day=day, seen=Seen.SERVER, tag=TagState.BLOCKED,
                 device=Device.IOS_SAFARI),
            cell(silent, day=day, seen=Seen.SERVER, tag=None,
                 joined=Joined.NOT_AT_ALL, device=Device.UNKNOWN),
        )
        if one.n
    ]  # fmt: skip


def server_side(rows: Sequence[PairedRow]) -> list[ServerRow]:
    """Our log of the same month."""
    made: list[ServerRow] = []
    for row in rows:
        if row.seen in {Seen.BOTH, Seen.SERVER}:
            for _ in range(row.n):
                day = row.day + 0.5
                number = len(made)
                made.append(sale(number, day, value_minor=2_500))
    return made


def beside(rows: Sequence[PairedRow], **evidence: object) -> Beside:
    """The mirror's month with what else is known."""
    blocked = {"android": Share(n=0, of=400), "ios_safari": Share(n=90, of=100)}
    found = replace(
        Evidence(
            blocked=blocked, opted_out=Share(n=3, of=503), late=Share(n=2, of=900)
        ),
        **evidence,  # type: ignore[arg-type]
    )
    return Beside(pairs=rows, evidence={Kind.CHECKOUT: found})
