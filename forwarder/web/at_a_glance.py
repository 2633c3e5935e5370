"""Whether it works, and what the last 24 hours brought: for all doors."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from forwarder.core.delivery import Destination, Status
from forwarder.pipeline.overview import Place, overview
from forwarder.pipeline.progress import Trouble, progress
from forwarder.pipeline.swiftness import Swiftness, Taken, swiftness
from forwarder.store import Store, alerts, glance, health
from forwarder.store.alerts import OPEN, Alert
from forwarder.store.glance import Funnel
from forwarder.web.shapes import moment, place_json
from forwarder.web.shapes_alerts import alert_json

PERIOD: Final = timedelta(hours=24)
WAYS: Final = (
    ("Delivered", Status.DELIVERED),
    ("Waiting", Status.PENDING),
    ("Refused", Status.REFUSED),
    ("Skipped", Status.SKIPPED),
)
N_HOURS: Final = 24
ANSWERS: Final = {  # to whether it works, by the word of a glance
    "trouble": "No: something needs you.",
    "look": "It works, and something wants a look.",
    "empty": "It is ready, and no shop has posted so far.",
    "good": "Yes. Webhooks are taken and deliveries are sent.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """Whether it works, and what that is judged by. `last_by`: when each shop posted.

    `hours` are the events of each hour since then, the oldest first.
    """

    since: datetime
    troubles: Sequence[Trouble]
    open_alerts: Sequence[Alert]
    places: Sequence[Place]
    funnel: Funnel
    last_by: Mapping[str, datetime]
    hours: Sequence[tuple[datetime, int]]
    n_held: int
    swiftness: Swiftness

    @property
    def last_at(self) -> datetime | None:
        """Return when the last webhook came; None if none did."""
        return max(self.last_by.values(), default=None)

    @property
    def held(self) -> list[Place]:
        """Return which destinations are not simply working, but for the troubles."""
        told = {health.ACTIVE, health.BLOCKED}
        return [one for one in self.places if one.state not in told]

    @property
    def word(self) -> str:
        """Return `trouble`, `look`, `empty` or `good`."""
        if self.troubles:
            return "trouble"
        if self.open_alerts or any(one.state != health.ACTIVE for one in self.places):
            return "look"
        return "empty" if self.last_at is None else "good"


def glance_json(seen: Glance) -> dict[str, Any]:
    """Return a glance as data. Units: deliveries, or webhooks where named so."""
    funnel = seen.funnel
    return {
        "state": seen.word,
        "since": moment(seen.since),
        "troubles": [asdict(one) for one in seen.troubles],
        "alerts": [alert_json(one) for one in seen.open_alerts],
        "destinations": [place_json(one) for one in seen.places],
        "webhooks": funnel.n_webhooks,
        "fetched": funnel.n_fetched,
        "tests": funnel.n_tests,
        "events": funnel.n_events,
        "by_status": dict(funnel.by_status),
        "delivered_within_an_hour": funnel.n_fresh,
        "is_whole": funnel.is_whole,
        "last_received_at": moment(seen.last_at),
        "last_received_by": {name: moment(at) for name, at in seen.last_by.items()},
        "events_by_hour": [
            {"hour": moment(hour), "events": n} for hour, n in seen.hours
        ],
        "quarantined": seen.n_held,
        "taken": {
            "1h": _taken_json(seen.swiftness.lately),
            "24h": _taken_json(seen.swiftness.day),
            "by_hour": [
                _taken_json(one) for _, one in sorted(seen.swiftness.hours.items())
            ],
        },
    }


def _taken_json(taken: Taken) -> dict[str, Any]:
    """Units: seconds from receipt to the platform's yes, read off between buckets."""
    return {
        "since": moment(taken.since),
        "events": taken.n,
        "p50_s": None if taken.p50_s is None else round(taken.p50_s, 2),
        "p95_s": None if taken.p95_s is None else round(taken.p95_s, 2),
    }


def look(
    store: Store, destinations: Mapping[str, Destination], now: datetime
) -> Glance:
    """Return how the service stands now, and what the last 24 hours brought."""
    since = (now - PERIOD).replace(second=0, microsecond=0)
    return Glance(
        since=since,
        troubles=progress(store, now, destinations.keys()).problems,
        open_alerts=alerts.list_alerts(store, [OPEN]),
        places=overview(store, destinations.values(), now),
        funnel=glance.funnel(store, since),
        last_by=glance.last_received(store),
        hours=_hours(store, now),
        swiftness=swiftness(store, now),
        n_held=sum(group.n for group in glance.held_groups(store)),
    )


def _hours(store: Store, now: datetime) -> list[tuple[datetime, int]]:
    """Return the events of each hour, up to the one that runs."""
    runs = now.replace(minute=0, second=0, microsecond=0)
    hours = [runs - timedelta(hours=back) for back in reversed(range(N_HOURS))]
    found = glance.events_by_hour(store, hours[0])
    return [(hour, found.get(hour, 0)) for hour in hours]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of the funnel. `percent` of the widest.

    `status` filters the list of what it counted; empty where no one list has it.
    """

    label: str
    n: int
    percent: float
    tone: str
    status: str


def _not_posted(funnel: Funnel) -> tuple[tuple[str, int], ...]:
    """Return what came in besides, and was posted by no shop."""
    return ("Fetched from shops", funnel.n_fetched), ("Tests sent here", funnel.n_tests)


def bars(seen: Glance) -> list[Bar]:
    """Return the way from what came in to deliveries as bars, none wider than 100."""
    funnel = seen.funnel
    widest = max(1, funnel.n_webhooks, funnel.n_fetched, funnel.n_events)
    # Behind a block the list calls what is pending blocked.
    is_blocked = any(one.state == health.BLOCKED for one in seen.places)
    counts = [
        ("Webhooks received", funnel.n_webhooks, "all", ""),
        *((label, n, "all", "") for label, n in _not_posted(funnel) if n),
        ("Events in them", funnel.n_events, "all", ""),
        *(
            (label, funnel.by_status.get(status.value, 0), status.value, status.value)
            for label, status in WAYS
        ),
    ]
    return [
        Bar(
            label=label,
            n=n,
            percent=round(100 * n / widest, 1),
            tone=tone,
            status="" if is_blocked and status == Status.PENDING else status,
        )
        for label, n, tone, status in counts
    ]
