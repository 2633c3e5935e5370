"""The names of our metrics, what each means, and how a scrape is put together.

Counters are those of all processes in sum, from the table they all add to; gauges come
from the tables themselves, read once in 15 seconds however often somebody scrapes.
Labels hold names of the settings and fixed words, never an id or an address.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from forwarder.core.tally import BATCH, CALL_S, SHORT_S, WAY_S, tally
from forwarder.pipeline.overview import STATES, Place, overview
from forwarder.store import alerts, health, tallies, watch
from forwarder.store.alerts import ACKNOWLEDGED, OPEN
from forwarder.web.desk import WebDesk

FRESH: Final = timedelta(minutes=15)  # an older reading is not shown as if it held
Totals = Iterable[tuple[str, tuple[str, ...], float]]


@dataclass(frozen=True, slots=True)
class Series:
    """One counter or histogram: its meaning, its labels, its buckets if any."""

    help: str
    labels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()


COUNTED: Final[Mapping[str, Series]] = {
    "forwarder_webhooks_received_total": Series(
        "Webhooks answered, by endpoint and what came of them", ("endpoint", "result")
    ),
    "forwarder_ingest_duration_seconds": Series(
        "From the whole body to the commit", ("endpoint",), SHORT_S
    ),
    "forwarder_events_total": Series(
        "Verdicts on events: delivered, refused, skipped, or pending (again later)",
        ("destination", "state"),
    ),
    "forwarder_delivery_attempts_total": Series(
        "Requests to the platform, by what came of them", ("destination", "class")
    ),
    "forwarder_delivery_duration_seconds": Series(
        "Time of a request to the platform", ("destination",), CALL_S
    ),
    "forwarder_end_to_end_seconds": Series(
        "From the order to the platform's yes; above 3,600 it counts as offline",
        ("destination",),
        WAY_S,
    ),
    "forwarder_batch_size": Series("Events in a request", (), BATCH),
    "forwarder_lease_reclaims_total": Series(
        "Deliveries taken over from a worker that died or stood still",
        ("destination",),
    ),
    "forwarder_links_followed_total": Series("Answers for click links", ("answer",)),
    "forwarder_clicks_dropped_total": Series(
        "Clicks that were led on and not counted, by what became of them", ("reason",)
    ),
    "forwarder_click_writes_failed_total": Series(
        "Times the disk took no clicks; they wait in memory"
    ),
    "forwarder_click_tokens_forged_total": Series(
        "Events with a click token that is none of ours"
    ),
    "forwarder_db_busy_total": Series("Times the database did not answer or write"),
    "forwarder_db_commit_seconds": Series(
        "Time of a commit of the one writer (SQLite)", (), SHORT_S
    ),
}
MEASURED: Final[Mapping[str, tuple[str, str, str]]] = {
    "disk_free_bytes": ("forwarder_disk_free_bytes", "host", "Free on this disk"),
    "clock_skew_seconds": (
        "forwarder_clock_skew_seconds",
        "beside",
        "Our clock less the other",
    ),
    "certificate_left_seconds": (
        "forwarder_certificate_left_seconds",
        "",
        "Until the certificate of the public address ends",
    ),
    "broker_down_seconds": (
        "forwarder_broker_down_seconds",
        "host",
        "For how long the broker has not answered; 0 while it does",
    ),
}


def counted(totals: Totals) -> Iterator[Metric]:
    """Give the counters and histograms; those that nothing was counted in have none."""
    found: defaultdict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
    for name, labels, value in totals:
        found[name][labels] = value
    for name, series in COUNTED.items():
        if series.edges:
            yield _histogram(name, series, found)
        else:
            family = CounterMetricFamily(name, series.help, labels=series.labels)
            for labels, value in found[name].items():
                family.add_metric(labels, value)
            yield family


def _histogram(
    name: str,
    series: Series,
    found: Mapping[str, Mapping[tuple[str, ...], float]],
) -> Metric:
    family = HistogramMetricFamily(name, series.help, labels=series.labels)
    edges = [*(f"{edge:g}" for edge in series.edges), "inf"]
    counts = found.get(f"{name}_bucket", {})
    for labels, total in found.get(f"{name}_sum", {}).items():
        buckets, n = [], 0.0
        for edge in edges:
            n += counts.get((*labels, edge), 0)
            buckets.append(("+Inf" if edge == "inf" else edge, n))
        family.add_metric(labels, buckets, total)
    return family


def gauges(desk: WebDesk, now: datetime) -> list[Metric]:
    """Return what the tables tell right now. Raises: StoreDown."""
    places = overview(desk.store, desk.destinations.values(), now)
    return [
        _gauge("forwarder_store_up", "1 while the database answers", (), {(): 1}),
        *_waiting(desk, places, now),
        *_states(places),
        *_work(desk),
        *_measured(desk, now),
    ]


def _gauge(
    name: str,
    text: str,
    labels: Sequence[str],
    values: Mapping[tuple[str, ...], float],
) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for label_values, value in values.items():
        family.add_metric(label_values, value)
    return family


def _waiting(desk: WebDesk, places: Sequence[Place], now: datetime) -> Iterator[Metric]:
    found = watch.waiting(desk.store)
    by_name = {place.name: place for place in places}
    depth: dict[tuple[str, ...], float] = {("pending",): 0, ("blocked",): 0}
    ages_s: dict[tuple[str, ...], float] = {}
    for one in found:
        place = by_name.get(one.destination)
        is_blocked = place is not None and place.state == health.BLOCKED
        depth["blocked" if is_blocked else "pending",] += one.n
        ages_s[one.destination,] = (now - one.oldest_at).total_seconds()
    yield _gauge(
        "forwarder_outbox_depth", "Deliveries that wait, by status", ("state",), depth
    )
    oldest_s = max(ages_s.values(), default=0.0)
    yield _gauge(
        "forwarder_outbox_oldest_age_seconds",
        "Age of the oldest delivery that waits; 0 when none does",
        (),
        {(): oldest_s},
    )
    yield _gauge(
        "forwarder_oldest_pending_seconds",
        "The same by destination",
        ("destination",),
        ages_s,
    )
    yield _gauge(
        "forwarder_pending",
        "Deliveries that wait, by destination",
        ("destination",),
        {(one.destination,): one.n for one in found},
    )
    yield _gauge(
        "forwarder_unknown_outcomes",
        "Events whose answer was lost; they are sent again",
        ("reason",),
        {("answer_lost",): sum(one.n_lost for one in found)},
    )


def _states(places: Sequence[Place]) -> Iterator[Metric]:
    yield _gauge(
        "forwarder_destination_state",
        "1 for the state a destination is in",
        ("destination", "state"),
        {
            (place.name, word): float(place.state == word)
            for place in places
            for word in STATES
        },
    )
    yield _gauge(
        "forwarder_breaker_state",
        "1 for the state its breaker is in",
        ("destination", "state"),
        {
            (place.name, word): float(place.breaker == word)
            for place in places
            for word in ("closed", "open", "half_open")
        },
    )
    yield _gauge(
        "forwarder_blocked",
        "1 while a person is needed",
        ("destination",),
        {(place.name,): float(place.state == health.BLOCKED) for place in places},
    )


def _work(desk: WebDesk) -> Iterator[Metric]:
    seen = health.all_workers(desk.store)
    latest = {
        "worker_seen": max((one.seen_at for one in seen), default=None),
        "worker_worked": max(
            (one.worked_at for one in seen if one.worked_at is not None), default=None
        ),
    }
    yield _gauge(
        "forwarder_worker_last_progress_timestamp_seconds",
        "When any worker was last seen, and last sent something",
        ("kind",),
        {(kind,): at.timestamp() for kind, at in latest.items() if at is not None},
    )
    yield _gauge(
        "forwarder_dead_letters",
        "Refused deliveries in the log, by reason",
        ("reason",),
        {(reason,): n for reason, n in watch.refused_now(desk.store).items()},
    )
    yield _gauge(
        "forwarder_replay_remaining",
        "Deliveries that running jobs have still to look at",
        (),
        {(): watch.n_remaining(desk.store)},
    )
    present = alerts.list_alerts(desk.store, (OPEN, ACKNOWLEDGED))
    yield _gauge(
        "forwarder_alerts",
        "1 per alert that is open or acknowledged",
        ("rule", "subject", "severity", "state"),
        {(one.rule, one.subject, one.severity, one.state): 1 for one in present},
    )


def _measured(desk: WebDesk, now: datetime) -> Iterator[Metric]:
    found = watch.all_measures(desk.store)
    for name, (series, label, text) in MEASURED.items():
        values: dict[tuple[str, ...], float] = {
            ((one.subject,) if label else ()): one.value
            for one in found
            if one.name == name and now - one.at < FRESH
        }
        yield _gauge(series, text, (label,) if label else (), values)


def own_counted() -> list[Metric]:
    """Return what this process has counted and not written yet."""
    own = tally.uncounted()
    return list(counted((name, labels, n) for (name, labels), n in own.items()))


def all_counted(desk: WebDesk) -> list[Metric]:
    """Return the counters, this process's newest counts included. Raises: StoreDown."""
    tallies.flush(desk.store)
    return list(counted(tallies.totals(desk.store)))
