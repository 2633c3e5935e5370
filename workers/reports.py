"""The monthly report in the background: made, sent, and what platforms report."""

from datetime import datetime, timedelta

import structlog
from celery import shared_task

from forwarder import lookout
from forwarder.asking import NoAnswer
from forwarder.pipeline.snapshots import Subject, snapshot_of_the_day, why_not
from forwarder.reconcile import posting, schedule
from forwarder.reconcile.posting import Mailbag
from forwarder.store import report_requests
from forwarder.store.report_requests import ReportRequest
from forwarder.wiring import snapshot_subjects
from workers.state import Every, Turns, rest, wired

log = structlog.get_logger(__name__)
turns = Turns()
DUTY_EVERY = timedelta(minutes=30)  # a day late in a month is no harm
EVERY_S = 10.0
due = Every(DUTY_EVERY)


@shared_task(name="reports")
def reports() -> None:
    """Make the reports that are due or asked for, and send what is to be sent."""
    turns.take("reports", _reports)


def _reports() -> None:
    store, bag = wired().store, lookout.mailbag(wired().settings)
    if due.is_due(store.now()):
        _finish(bag)
    while (request := report_requests.claim_request(store, store.now())) is not None:
        _make(request)
    posting.send_due(store, bag, store.now())


def _finish(bag: Mailbag) -> None:
    store, now = wired().store, wired().store.now()
    for one in wired().destinations.values():
        _pass_over(one.name, now)
        if schedule.open_reports(store, one.name, now):
            _finish_of(one.name, bag)


def _pass_over(destination: str, now: datetime) -> None:
    """Call the months before our time finished.

    To find that out by making their reports would load numpy and scipy into every new
    installation, 22 MB that stay.
    """
    store = wired().store
    for due in schedule.open_reports(store, destination, now):
        if not schedule.has_material(store, destination, due.month):
            schedule.end(store, destination, due, now)


def _finish_of(destination: str, bag: Mailbag) -> None:
    from forwarder.reconcile import keeping  # noqa: PLC0415  numpy, scipy

    store, place = wired().store, lookout.report_place(wired(), destination)
    for head in keeping.finish_due(store, place, store.now(), bag.names_for):
        log.info("report_kept", month=head.month, stamp=head.stamp)


def _make(request: ReportRequest) -> None:
    from forwarder.reconcile import keeping  # noqa: PLC0415  numpy, scipy

    place = lookout.report_place(wired(), request.destination)
    outcome = keeping.make_asked(wired().store, place, request)
    log.info("report_asked_for", month=request.month, outcome=outcome)


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
