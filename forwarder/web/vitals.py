"""`/healthz`, `/readyz`, `/metrics`: alive, progressing, counted."""

from collections.abc import Iterator

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from forwarder.pipeline.progress import progress
from forwarder.store import health
from forwarder.store.writer import StoreDown
from forwarder.web.desk import WebDesk, web_desk
from forwarder.web.hooks import answer

vitals = Blueprint("vitals", __name__)


@vitals.get("/healthz")
def alive() -> Response:
    """Say that this process answers."""
    return answer(200, {"ok": True, "version": web_desk().version})


@vitals.get("/readyz")
def ready() -> Response:
    """Say whether webhooks are written and deliveries sent; 503 names what hinders."""
    desk = web_desk()
    try:
        state = progress(desk.store, desk.clock())
    except StoreDown:
        return answer(503, {"ready": False, "troubles": ["the database is down"]})
    oldest = state.oldest_pending_at
    return answer(
        503 if state.troubles else 200,
        {
            "ready": not state.troubles,
            "troubles": state.troubles,
            "pending": state.n_pending,
            "oldest_pending_at": None if oldest is None else oldest.isoformat(),
        },
    )


@vitals.get("/metrics")
def metrics() -> Response:
    """Return the counters of this process and the gauges of the store.

    With the database down the counters alone, and `forwarder_store_up 0`.
    """
    text = generate_latest(REGISTRY)
    gauges = CollectorRegistry()
    try:
        gauges.register(_StoreGauges(web_desk()))
        text += generate_latest(gauges)
    except StoreDown:
        text += b"# TYPE forwarder_store_up gauge\nforwarder_store_up 0.0\n"
    return Response(text, content_type=CONTENT_TYPE_LATEST)


class _StoreGauges(Collector):
    """What waits, through the index of due rows; the log itself is never scanned."""

    def __init__(self, desk: WebDesk) -> None:
        self._desk = desk

    def collect(self) -> Iterator[Metric]:
        """Give the gauges."""
        now = self._desk.clock()
        pending = GaugeMetricFamily(
            "forwarder_pending", "Deliveries that wait", labels=("destination",)
        )
        age = GaugeMetricFamily(
            "forwarder_oldest_pending_seconds",
            "Age of the oldest delivery that waits",
            labels=("destination",),
        )
        for backlog in health.backlogs(self._desk.store):
            pending.add_metric((backlog.destination,), backlog.n_pending)
            if backlog.oldest_at is not None:
                age_s = (now - backlog.oldest_at).total_seconds()
                age.add_metric((backlog.destination,), age_s)
        up = GaugeMetricFamily("forwarder_store_up", "1 while the database answers", 1)
        yield from (up, pending, age, self._blocked())

    def _blocked(self) -> Metric:
        blocked = GaugeMetricFamily(
            "forwarder_blocked", "1 while a person is needed", labels=("destination",)
        )
        for state in health.all_health(self._desk.store):
            blocked.add_metric((state.name,), float(state.state == health.BLOCKED))
        return blocked
