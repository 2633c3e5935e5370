"""The daily snapshot of what platforms report, in the background."""

import structlog
from celery import shared_task

from forwarder.asking import NoAnswer
from forwarder.pipeline.snapshots import Subject, snapshot_of_the_day, why_not
from forwarder.wiring import snapshot_subjects
from workers.state import Turns, rest, wired

log = structlog.get_logger(__name__)
turns = Turns()


@shared_task(name="pull_reports")
def pull_reports() -> None:
    """Take the snapshots of the day that nobody has taken yet."""
    turns.take("pull_reports", _pull)


def _pull() -> None:
    for subject in snapshot_subjects(wired(), _nap):
        _pull_one(subject)


def _nap(seconds: float) -> None:
    """Wait, but not longer than this process lives."""
    rest(seconds)


def _pull_one(subject: Subject) -> None:
    try:
        taken = snapshot_of_the_day(subject, subject.store.now())
    except NoAnswer as none:
        log.warning(
            "reports not pulled", destination=subject.destination, reason=why_not(none)
        )
        return
    if taken is not None:
        log.info(
            "reports pulled",
            destination=subject.destination,
            n_new=taken.daily.n_new + taken.by_source.n_new,
            n_revised=taken.daily.n_revised + taken.by_source.n_revised,
            notes=list(taken.notes),
        )
