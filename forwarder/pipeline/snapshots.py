"""Take today's snapshot of what a platform reports of its own counting."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeVar

from forwarder.asking import NoAnswer
from forwarder.core.delivery import Deferred
from forwarder.core.snapshots import Quality, Windows
from forwarder.pulls.pinterest_numbers import Span
from forwarder.pulls.pinterest_reports import SYNC_BACK_DAYS, Reports
from forwarder.store import Store, duties, snapshots
from forwarder.store.snapshots import Saved

REREAD_DAYS: Final = 63  # a click window of 60 days, and two for late data
BACK_DAYS_MAX: Final = 913  # asynchronous reports reach no further
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose reports are pulled, by which rules, and where the numbers are kept.

    `destination` is the name that stands in its deliveries.
    """

    store: Store
    destination: str
    reports: Reports
    windows: Windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What one pull brought. `notes` are sentences about what did not come."""

    span: Span
    currency: str | None
    daily: Saved
    by_source: Saved
    quality: tuple[Quality, ...]
    notes: tuple[str, ...]


def take_snapshot(
    subject: Subject, now: datetime, since: date | None = None
) -> Snapshot | None:
    """Pull up to yesterday and keep it; None when there is no day to pull yet.

    Without `since` it begins where numbers may still change, the first time with all
    that the platform shows. Raises: NoAnswer when the daily numbers do not come; what
    else does not come is a note.
    """
    today = now.astimezone(UTC).date()
    first_on = _first_day(subject, today) if since is None else since
    first_on = max(first_on, today - timedelta(days=BACK_DAYS_MAX))
    span = Span(first_on=first_on, last_on=today - timedelta(days=1))
    if not span.days:
        return None
    reports, notes = subject.reports, list[str]()
    currency = _tried(reports.currency, "currency", notes)
    daily = reports.daily(span, subject.windows, today)
    saved = snapshots.save(subject.store, subject.destination, daily, currency, now)
    split = _tried(lambda: reports.by_source(span), "by source", notes)
    quality = _tried(reports.quality, "event quality", notes)
    scores = () if quality is None else tuple(quality)
    snapshots.save_quality(subject.store, subject.destination, scores, today)
    return Snapshot(
        span=span,
        currency=currency,
        daily=saved,
        by_source=snapshots.save(
            subject.store,
            subject.destination,
            () if split is None else split,
            currency,
            now,
        ),
        quality=scores,
        notes=tuple(notes),
    )


def _first_day(subject: Subject, today: date) -> date:
    known = snapshots.last_day(subject.store, subject.destination)
    if known is None:
        return today - timedelta(days=SYNC_BACK_DAYS)
    return min(known, today) - timedelta(days=REREAD_DAYS)


def _tried(ask: Callable[[], Found], what: str, notes: list[str]) -> Found | None:
    """Return an answer that one can do without; note why there is none."""
    try:
        return ask()
    except NoAnswer as none:
        notes.append(f"{what}: {why_not(none)}")
        return None


def why_not(none: NoAnswer) -> str:
    """Return in words why an answer did not come."""
    outcome = none.outcome
    if isinstance(outcome, Deferred):
        return outcome.message or outcome.reason
    return outcome


def snapshot_of_the_day(subject: Subject, now: datetime) -> Snapshot | None:
    """Take one snapshot a day, whoever asks; after a failure once an hour.

    Raises: NoAnswer.
    """
    job, day = f"reports of {subject.destination}", f"{now:%Y-%m-%d}"
    if duties.is_taken(subject.store, job, day):
        return None
    if not duties.take_duty(subject.store, job, f"{now:%Y-%m-%dT%H}", now):
        return None
    taken = take_snapshot(subject, now)
    duties.take_duty(subject.store, job, day, now)
    return taken
