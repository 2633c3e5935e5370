"""Make a month's report from what the store holds: for the command, page and worker."""

import calendar
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from forwarder.core.columns import ServerColumns
from forwarder.core.pairs import PairedRow
from forwarder.core.reports import Level, TagReport
from forwarder.reconcile.calendar_of import first_day
from forwarder.reconcile.comparison import MonthReport
from forwarder.reconcile.evidence import Beside
from forwarder.reconcile.gathering import Scene, gather
from forwarder.reconcile.pairing import paired_rows
from forwarder.reconcile.report import USUAL_RULES, Rules, build_report
from forwarder.store import Store, mirror, report_inputs, snapshots, tag_reports
from forwarder.store.mirror import MirrorCell
from forwarder.store.our_columns import server_columns
from forwarder.store.pairs import unpaired_rows

MARGIN_BEFORE = timedelta(days=2)  # days begin elsewhere in the world
MARGIN_AFTER = timedelta(days=62)  # conversions dated back to their click


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose month: a destination's delivery word, and the endpoints that feed it.

    `rules` say how its months are judged.
    """

    destination: str
    endpoints: tuple[str, ...]
    rules: Rules = USUAL_RULES


def make_report(store: Store, place: Place, month: str) -> MonthReport:
    """Return the report of YYYY-MM. Raises: ValueError when it is no month."""
    scene = _scene(store, place, month)
    since, until = scene.start - MARGIN_BEFORE, scene.end + MARGIN_AFTER
    with ThreadPoolExecutor(1) as pool:  # both lists are long, and cores are two
        theirs = pool.submit(_theirs, scene)
        began_at = pool.submit(report_inputs.began_at, store, place.destination)
        columns = server_columns(store, place.destination, since, until)
        known = _tag_side(scene)
        told, unpaired = theirs.result()
    pairs = _pairs(scene, columns, unpaired)
    beside = _beside(scene, told, pairs, began_at.result())
    return build_report(month, columns, known, store.now(), place.rules, beside)


def _scene(store: Store, place: Place, month: str) -> Scene:
    first = first_day(month)
    n_days = calendar.monthrange(first.year, first.month)[1]
    start = datetime.combine(first, datetime.min.time(), UTC)
    return Scene(
        store=store,
        destination=place.destination,
        endpoints=place.endpoints,
        first_on=first,
        last_on=first.replace(day=n_days),
        start=start,
        end=start + timedelta(days=n_days),
    )


def _tag_side(scene: Scene) -> list[TagReport]:
    """Return what was imported; what was pulled stands in where nothing was."""
    store, first_on, last_on = scene.store, scene.first_on, scene.last_on
    known = tag_reports.load_tag_reports(store, first_on, last_on)
    if any(report.level is Level.ATTRIBUTION for report in known):
        return known
    pulled = snapshots.tag_side(store, scene.destination, first_on, last_on)
    return known if pulled is None else [pulled, *known]


def _beside(
    scene: Scene,
    told: Sequence[MirrorCell],
    pairs: Sequence[PairedRow] | None,
    began_at: datetime | None,
) -> Beside:
    known = pairs if told else None  # the mirror may have been switched off since
    return Beside(
        pairs=known,
        evidence=gather(scene, told, known),
        began_at=began_at,
        mirror_began_at=report_inputs.mirror_began_at(scene.store, scene.endpoints),
    )


def _theirs(scene: Scene) -> tuple[list[MirrorCell], list[PairedRow] | None]:
    """Return what browsers told, and what they alone saw.

    The second is None where no mirror had been begun by then.
    """
    where = scene.store, scene.endpoints
    told = mirror.cells(*where, scene.start, scene.end)
    began_at = report_inputs.mirror_began_at(*where)
    if began_at is None or began_at >= scene.end:
        return told, None
    return told, unpaired_rows(
        scene.store, scene.destination, scene.endpoints, scene.start, scene.end
    )


def _pairs(
    scene: Scene, columns: ServerColumns, unpaired: list[PairedRow] | None
) -> list[PairedRow] | None:
    if unpaired is None:
        return None
    return paired_rows(columns, unpaired, scene.start, (scene.end - scene.start).days)
