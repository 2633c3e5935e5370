"""Read once a minute what the rules judge, so that they need no database."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from forwarder.alerts.quiet import Hours, Verdict, judge
from forwarder.pipeline.progress import Trouble, worker_problems
from forwarder.store import Store, health, link_audits, tallies, volumes, watch
from forwarder.store.health import Aging, Health
from forwarder.store.link_audits import Turn
from forwarder.store.watch import Measure, Share, Waiting

NEAR_END: Final = timedelta(hours=24)
REFUSED_WITHIN: Final = timedelta(hours=1)
SHARE_WITHIN: Final = timedelta(days=1)
FRESH: Final = timedelta(hours=3)  # older readings say nothing
MARK_EVERY: Final = timedelta(hours=1)
ALL_KINDS: Final = ""
RECEIVED: Final = "forwarder_webhooks_received_total"
FORGED: Final = frozenset({"bad_signature", "stale"})
CLICKS: Final = {
    "clicks_lost": "forwarder_clicks_dropped_total",
    "clicks_unwritten": "forwarder_click_writes_failed_total",
}
Measures = Mapping[tuple[str, str], Measure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the settings say there is. `endpoints` are those that take webhooks now.

    `destinations` are by the word in their deliveries.
    """

    endpoints: frozenset[str]
    destinations: frozenset[str]
    has_beat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What is known of the service at one moment.

    `quiet` is None in the minutes in which volumes are not judged. `forged` is how many
    webhooks of the last hour or two were turned away, by endpoint. `planned` is the
    first job that nobody has begun, and since when it waits. `clicks` is how many were
    lost in the last hour or two, and how often a disk took none.
    """

    now: datetime
    known: Known
    workers: Sequence[Trouble]
    destinations: Sequence[Health]
    waiting: Sequence[Waiting]
    aging: Sequence[Aging]
    refused: Mapping[str, int]
    refused_share: Sequence[Share]
    quarantined: Sequence[Share]
    conflicts: Sequence[Share]
    forged: Sequence[Share]
    measures: Measures
    links: Sequence[Turn]
    clicks: Mapping[str, int]
    planned: tuple[int, datetime] | None
    quiet: Mapping[tuple[str, str], Verdict] | None

    def measured(self, name: str) -> list[Measure]:
        """Return the fresh readings of a gauge, one per machine or address."""
        return [one for (known, _), one in self.measures.items() if known == name]


def read(store: Store, known: Known, now: datetime, *, with_quiet: bool) -> Readings:
    """Return the readings of this minute. Raises: StoreDown."""
    measures = {(one.name, one.subject): one for one in watch.all_measures(store)}
    return Readings(
        now=now,
        known=known,
        workers=tuple(worker_problems(store, now, known.destinations)),
        destinations=health.all_health(store),
        waiting=watch.waiting(store),
        aging=health.near_deadline(store, now, NEAR_END),
        refused=watch.refused_since(store, now - REFUSED_WITHIN),
        refused_share=watch.refused_share(store, now - SHARE_WITHIN),
        quarantined=watch.quarantined_share(store, now - SHARE_WITHIN),
        conflicts=watch.conflicts(store, now - SHARE_WITHIN),
        forged=list(_forged(store, measures, now)),
        measures={key: one for key, one in measures.items() if now - one.at < FRESH},
        links=link_audits.turns(store),
        clicks=_clicks(store, measures, now),
        planned=watch.oldest_planned(store),
        quiet=judge_volumes(store, known, now) if with_quiet else None,
    )


def judge_volumes(
    store: Store, known: Known, now: datetime
) -> dict[tuple[str, str], Verdict] | None:
    """Judge each endpoint as a whole, and each kind where it sends several.

    None while the hours of before are still being counted. Raises: StoreDown.
    """
    counted_to = volumes.count_volumes(store, now)
    if now - counted_to > 2 * volumes.LAG:
        return None
    series = volumes.volumes_by_hour(store)
    found: dict[tuple[str, str], Verdict] = {}
    for name in sorted(known.endpoints):
        kinds = {kind: hours for (one, kind), hours in series.items() if one == name}
        found[name, ALL_KINDS] = judge(_in_sum(kinds.values()), counted_to)
        if len(kinds) > 1:
            found |= {(name, k): judge(hours, counted_to) for k, hours in kinds.items()}
    return found


def _in_sum(series: Iterable[Hours]) -> Hours:
    total: Counter[datetime] = Counter()
    for hours in series:
        total.update(hours)
    return total


def _forged(store: Store, measures: Measures, now: datetime) -> Iterator[Share]:
    """Give, by endpoint, what was turned away since one hour ago or up to two."""
    everything: Counter[str] = Counter()
    forged: Counter[str] = Counter()
    for _, labels, n in tallies.totals(store, RECEIVED):
        everything[labels[0]] += int(n)
        forged[labels[0]] += int(n) if labels[1] in FORGED else 0
    for endpoint, n_all in everything.items():
        bad = forged[endpoint]
        n_bad = _since_mark(store, measures, ("forged", endpoint), bad, now)
        n_new = _since_mark(store, measures, ("received", endpoint), n_all, now)
        yield Share(subject=endpoint, n=n_bad, n_all=n_new)


def _clicks(store: Store, measures: Measures, now: datetime) -> dict[str, int]:
    found = {}
    for name, counter in CLICKS.items():
        total = int(sum(n for _, _, n in tallies.totals(store, counter)))
        found[name] = _since_mark(store, measures, (name, ""), total, now)
    return found


def _since_mark(
    store: Store, measures: Measures, key: tuple[str, str], total: int, now: datetime
) -> int:
    """Return how much a total grew since the mark before the last; marks are hourly."""
    name, subject = key
    early = measures.get((f"{name}_before", subject))
    late = measures.get((f"{name}_mark", subject))
    if late is None or now - late.at >= MARK_EVERY:
        before = total if late is None else late.value
        watch.note_measure(store, f"{name}_before", subject, before, now)
        watch.note_measure(store, f"{name}_mark", subject, total, now)
    return 0 if early is None else total - int(early.value)
