"""The day's work for the KPI board, and the board by e-mail on Mondays."""

import structlog
from celery import shared_task

from forwarder.alerts.channels import NotSent
from forwarder.asking import NoAnswer
from forwarder.insights.pulling import kpi_of_the_day
from forwarder.lookout import board_of_the_week
from forwarder.pipeline.snapshots import why_not
from forwarder.store import conversions
from forwarder.wiring import kpi_subject
from workers.state import Turns, rest, wired

log = structlog.get_logger(__name__)
turns = Turns()


@shared_task(name="kpi_day")
def kpi_day() -> None:
    """Count conversions; pull, record and open tasks once a day; post once a week."""
    turns.take("kpi_day", _day)


def _day() -> None:
    found = wired()
    conversions.count(found.store, found.store.now())
    try:
        pulled = kpi_of_the_day(kpi_subject(found, _nap), found.store.now())
    except NoAnswer as none:
        log.warning("counts not pulled", reason=why_not(none))
    else:
        if pulled is not None:
            log.info(
                "counts pulled",
                n_pins=pulled.n_pins,
                n_new=pulled.account.n_new + pulled.of_pins.n_new,
                n_changed=pulled.account.n_changed + pulled.of_pins.n_changed,
                notes=list(pulled.notes),
            )
    _post()


def _post() -> None:
    try:
        if board_of_the_week(wired()):
            log.info("board sent")
    except NotSent as fault:
        log.warning("board not sent", reason=str(fault))


def _nap(seconds: float) -> None:
    """Wait, but not longer than this process lives."""
    rest(seconds)
