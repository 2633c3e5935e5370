"""`/healthz`, `/readyz`, `/metrics`: alive, progressing, counted."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from flask import Blueprint, Response, current_app
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from forwarder.pipeline.progress import progress
from forwarder.store.writer import StoreDown
from forwarder.web import series
from forwarder.web.desk import WebDesk, web_desk
from forwarder.web.hooks import answer
from forwarder.web.rules import anyone

# A second series beside each counter, that nobody reads.
disable_created_metrics()  # type: ignore[no-untyped-call]

GAUGES_FOR: Final = timedelta(seconds=15)
CACHE: Final = "forwarder_gauges"

vitals = Blueprint("vitals", __name__)


@vitals.get("/healthz")
@anyone
def alive() -> Response:
    """Say that this process answers, and which installation it belongs to."""
    desk = web_desk()
    told = {"ok": True, "version": desk.version, "instance": instance(desk)}
    return answer(200, told)


def instance(desk: WebDesk) -> str:
    """Return a word that tells this installation from others, and nothing else."""
    return desk.store.sealer.secret("instance")[:6].hex()


@vitals.get("/readyz")
@anyone
def ready() -> Response:
    """Say whether webhooks are written and deliveries sent; 503 names what hinders."""
    desk = web_desk()
    try:
        state = progress(desk.store, desk.clock(), desk.destinations)
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
@anyone
def metrics() -> Response:
    """Return the counters of all processes and the gauges of the store.

    With the database down what this process knows of itself, and
    `forwarder_store_up 0`.
    """
    text = generate_latest(REGISTRY)
    try:
        text += _text([*series.all_counted(web_desk()), *_gauges(web_desk())])
    except StoreDown:
        text += _text(series.own_counted())
        text += b"# TYPE forwarder_store_up gauge\nforwarder_store_up 0.0\n"
    return Response(text, content_type=CONTENT_TYPE_LATEST)


def _gauges(desk: WebDesk) -> list[Metric]:
    """Return the gauges, read anew once in 15 seconds. Raises: StoreDown."""
    now = desk.clock()
    kept: tuple[datetime, list[Metric]] | None = current_app.extensions.get(CACHE)
    if kept is not None and timedelta(0) <= now - kept[0] < GAUGES_FOR:
        return kept[1]
    found = series.gauges(desk, now)
    current_app.extensions[CACHE] = (now, found)
    return found


class _Ready(Collector):
    """What is collected already, in the shape the library writes."""

    def __init__(self, found: list[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        """Give it."""
        return self._found


def _text(found: list[Metric]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Ready(found))
    return generate_latest(registry)
