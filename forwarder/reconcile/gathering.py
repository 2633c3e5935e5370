"""Gather from the store what stands beside the two lists: the evidence of a month."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from forwarder.core.event import Kind
from forwarder.core.mirror import Allowed, Device, TagState
from forwarder.core.pairs import PairedRow, Seen
from forwarder.reconcile.evidence import Evidence, SeenCell, Share
from forwarder.store import Store, report_inputs, snapshots
from forwarder.store.ledger import has_books, ledger_total
from forwarder.store.mirror import MirrorCell
from forwarder.store.report_clicks import ClickedCell, clicked_cells

CAPPED = frozenset({Device.DESKTOP_SAFARI, Device.IOS_SAFARI, Device.IOS_OTHER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where and when: a destination, the endpoints that feed it, and one month."""

    store: Store
    destination: str
    endpoints: tuple[str, ...]
    first_on: date
    last_on: date
    start: datetime
    end: datetime


def gather(
    scene: Scene, told: Sequence[MirrorCell], pairs: Sequence[PairedRow] | None
) -> dict[Kind, Evidence]:
    """Return the evidence of the month by kind.

    Shape: `told` are the browsers' reports; `pairs` the lists joined, None without a
    mirror.
    """
    late, books, quality = _late(scene, pairs), _books(scene), _quality(scene)
    cells = clicked_cells(scene.store, scene.destination, scene.start, scene.end)
    kinds = {one.kind for one in told} | {one.kind for one in cells}
    return {
        kind: _evidence(
            [cell for cell in told if cell.kind is kind],
            [cell for cell in cells if cell.kind is kind],
            late.get(kind),
            books.get(kind),
            quality,
        )
        for kind in kinds | {*late, *books}
    }


def _evidence(
    told: Sequence[MirrorCell],
    cells: Sequence[ClickedCell],
    late: Share | None,
    ledger_total: int | None,
    quality: Mapping[str, str] | None,
) -> Evidence:
    return Evidence(
        blocked=_blocked(told),
        opted_out=_opted_out(told),
        late=late,
        ledger_total=ledger_total,
        quality=quality,
        routes=_routes(cells) if told and cells else None,
        token_losses=_share((cell.n_tokenless, cell.n) for cell in cells),
        cross_device=_share((cell.n_moved, cell.n_placed) for cell in cells),
    )


def _routes(cells: Sequence[ClickedCell]) -> tuple[SeenCell, ...]:
    """Return who saw what, by the way and the age of the click, in a fixed order."""
    found = (
        SeenCell(
            device=cell.device.value,
            is_safari=cell.device in CAPPED,
            multi_hop=None if cell.hops is None else cell.hops > 1,
            is_late=cell.is_late,
            n=cell.n,
            n_tag=cell.n_tag,
        )
        for cell in cells
    )
    return tuple(sorted(found, key=repr))


def _share(counts: Iterable[tuple[int, int]]) -> Share | None:
    found = [(n, of) for n, of in counts if of]
    if not found:
        return None
    return Share(n=sum(n for n, _ in found), of=sum(of for _, of in found))


def _late(scene: Scene, pairs: Sequence[PairedRow] | None) -> dict[Kind, Share]:
    """Count what was sent late; the joined rows know it already."""
    if pairs is None:
        counts = report_inputs.late_counts(
            scene.store, scene.destination, scene.start, scene.end
        )
        return {kind: Share(n=n, of=of) for kind, (n, of) in counts.items()}
    ours = [row for row in pairs if row.seen in {Seen.BOTH, Seen.SERVER}]
    return {
        kind: Share(
            n=sum(row.n_late for row in ours if row.kind is kind),
            of=sum(row.n for row in ours if row.kind is kind),
        )
        for kind in {row.kind for row in ours}
    }


def _books(scene: Scene) -> dict[Kind, int]:
    """Count what the shop itself says; our own log alone would vouch for itself."""
    where = scene.store, scene.endpoints, scene.start, scene.end
    if not has_books(*where):
        return {}  # to lay a million rows over nothing takes seconds
    totals = ledger_total(*where)
    told = {total.kind for total in totals if total.n_books}
    return {
        kind: sum(total.n for total in totals if total.kind is kind) for kind in told
    }


def _blocked(cells: Sequence[MirrorCell]) -> dict[str, Share] | None:
    """Count the reports on pages that have a tag, from people who allowed it."""
    asked = [
        cell
        for cell in cells
        if cell.tag is not TagState.ABSENT and not _is_opted_out(cell)
    ]
    shares: dict[str, Share] = {}
    for cell in asked:
        known = shares.get(cell.device.value, Share(n=0, of=0))
        lost = 0 if cell.tag is TagState.ALIVE else cell.n
        shares[cell.device.value] = Share(n=known.n + lost, of=known.of + cell.n)
    return dict(sorted(shares.items())) or None


def _opted_out(cells: Sequence[MirrorCell]) -> Share | None:
    return _share((cell.n if _is_opted_out(cell) else 0, cell.n) for cell in cells)


def _is_opted_out(cell: MirrorCell) -> bool:
    return cell.has_gpc or cell.consent is Allowed.DENIED


def _quality(scene: Scene) -> Mapping[str, str] | None:
    found = snapshots.load_quality(scene.store, scene.destination, scene.last_on)
    return None if found is None else {one.source: one.status for one in found[1]}
