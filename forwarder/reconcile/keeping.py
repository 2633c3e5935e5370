"""Finish reports when their time has come, and keep them as they were."""

from collections.abc import Callable, Sequence
from datetime import datetime

from forwarder.reconcile import making, schedule
from forwarder.reconcile.document import Document, document
from forwarder.reconcile.making import Place
from forwarder.reconcile.rendering import rendered
from forwarder.reconcile.schedule import Due
from forwarder.store import Store, report_requests, report_versions
from forwarder.store.report_requests import ATTEMPTS_MAX, GIVEN_UP, ReportRequest
from forwarder.store.report_versions import Head, Version

KEPT_FORMS = ("md", "csv", "letter")
MADE, SAME = "made", "nothing has changed since the last one"
NOTHING = "nothing happened in this month, on either side"


def make_document(store: Store, place: Place, month: str) -> Document:
    """Return the report of a month with the history of the months before it."""
    report = making.make_report(store, place, month)
    contents = report_versions.latest_contents(store, place.destination, month)
    return document(report, contents)


def nobody(stamp: str) -> Sequence[str]:
    """Send reports of any stamp through no channel."""
    del stamp
    return ()


def finish_due(
    store: Store,
    place: Place,
    now: datetime,
    channels: Callable[[str], Sequence[str]] = nobody,
) -> list[Head]:
    """Finish what is due, and let it be sent; each report once whoever asks.

    Shape: `channels` of a stamp. A report whose worker ended in the middle is made
    again an hour later.
    """
    found = []
    for due in schedule.open_reports(store, place.destination, now):
        if schedule.take(store, place.destination, due, now):
            found.append(finish(store, place, due, channels(due.stamp)))
            schedule.end(store, place.destination, due, store.now())
    return [head for head in found if head is not None]


def finish(
    store: Store, place: Place, due: Due, channels: Sequence[str] = ()
) -> Head | None:
    """Make and keep a report; None when nothing happened on either side.

    Of the very same inputs the one that is kept already is returned.
    """
    made = make_document(store, place, due.month)
    if not any(c.n_tag or c.n_server for c in made.report.comparisons):
        return None
    kept_id = report_versions.keep_version(store, _version(place, due, made), channels)
    found = report_versions.find_version(store, kept_id)
    return None if found is None else found[0]


def _version(place: Place, due: Due, made: Document) -> Version:
    return Version(
        destination=place.destination,
        month=due.month,
        stamp=due.stamp,
        inputs=made.report.inputs,
        made_at=made.report.made_at,
        content=rendered(made, "json").encode(),
        page=rendered(made, "html"),
        forms={form: rendered(made, form) for form in KEPT_FORMS},
    )


def make_asked(store: Store, place: Place, request: ReportRequest) -> str:
    """Make the report that somebody asked for; return what came of it, as noted."""
    if request.attempts > ATTEMPTS_MAX:
        report_requests.note_made(store, request, GIVEN_UP, None)
        return GIVEN_UP
    known = {one.id for one in report_versions.list_heads(store, place.destination)}
    head = finish(store, place, schedule.stamped(request.month, store.now()))
    outcome = NOTHING if head is None else SAME if head.id in known else MADE
    report_requests.note_made(
        store, request, outcome, None if head is None else head.id
    )
    return outcome
