"""The JSON that operators read: alike in the command line, the API and the console.

Fields may be added, never renamed: scripts depend on them.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from forwarder.core.money import from_minor
from forwarder.pipeline import fetching
from forwarder.pipeline.overview import Place
from forwarder.store.audit import Trail
from forwarder.store.jobs import OF_SHOPS, Job
from forwarder.store.log import Filter, Line, Page
from forwarder.store.notice_log import NoticeLine
from forwarder.store.story import Entry, Story


def line_json(line: Line) -> dict[str, Any]:
    """Return one delivery as a line of the log.

    Units: times are RFC 3339 in UTC; `value` is a decimal text in major units.
    """
    return {
        "event_id": line.event_id,
        "kind": line.kind,
        "source": line.source,
        "endpoint": line.endpoint,
        "destination": line.destination,
        "status": line.status.value,
        "reason": line.reason,
        "order_id": line.order_id,
        "occurred_at": moment(line.occurred_at),
        "received_at": moment(line.received_at),
        "attempts": line.attempts,
        "next_attempt_at": moment(line.next_attempt_at),
        "settled_at": moment(line.settled_at),
        "id": line.id,
        "message": line.message,
        "value": value_text(line),
        "currency": line.currency,
        "is_test": line.is_test,
    }


def page_json(page: Page) -> dict[str, Any]:
    """Return one page; `next` is the cursor of the one after it, null on the last."""
    return {"items": [line_json(line) for line in page.lines], "next": page.next_id}


def story_json(story: Story) -> dict[str, Any]:
    """Return all that is known of one delivery.

    Shape: `payload` is what left, hashed, with IP and user agent masked; null before
    the first attempt and once it is no longer kept. `history` has one entry per
    attempt, oldest first.
    """
    return {
        **line_json(story.line),
        "notice": None if story.notice is None else notice_json(story.notice),
        "payload": story.payload,
        "dropped": list(story.dropped),
        "warnings": list(story.warnings),
        "history": [_entry_json(entry) for entry in story.history],
        "is_person_kept": story.is_person_kept,
    }


def notice_json(notice: NoticeLine) -> dict[str, Any]:
    """Return the webhook a delivery came from, without what is in it."""
    return {
        "id": notice.id,
        "endpoint": notice.endpoint,
        "source": notice.source,
        "status": notice.status.value,
        "reason": notice.reason,
        "received_at": moment(notice.received_at),
        "duplicates": notice.n_duplicates,
        "is_conflict": notice.is_conflict,
        "conflict_notice": notice.conflict_id,
        "is_kept": notice.is_kept,
    }


def _entry_json(entry: Entry) -> Mapping[str, Any]:
    return {
        "at": moment(entry.at),
        "http_status": entry.http_status,
        "outcome": entry.outcome,
        "reason": entry.reason,
        "message": entry.message,
        "duration_ms": entry.duration_ms,
        "batch_size": entry.n_events,
        "mode": entry.mode,
        "request_id": entry.request_id,
        "batch": entry.batch,
    }


def trail_json(trail: Trail) -> dict[str, Any]:
    """Return one page of the audit log; `next` is the cursor of the one after it."""
    items = [
        {
            "id": one.id,
            "at": moment(one.at),
            "who": one.who,
            "action": one.action,
            "subject": one.subject,
            "detail": one.detail,
        }
        for one in trail.entries
    ]
    return {"items": items, "next": trail.next_id}


def job_json(job: Job) -> dict[str, Any]:
    """Return a job and how far it is. Units: deliveries, or notices of a reparse.

    Shape: `skipped` counts, by reason, what was left alone. `shop` is what a shop that
    was asked has told, null where none was.
    """
    is_of_shop = job.kind in OF_SHOPS
    return {
        "id": job.id,
        "kind": job.kind.value,
        "filter": _filter_json(job.scope.wanted),
        "include_final": job.scope.include_final,
        "reason": job.reason,
        "who": job.who,
        "state": job.state.value,
        "message": job.message,
        "planned": job.n_planned,
        "done": job.n_done,
        "skipped": {} if is_of_shop else dict(job.skipped),
        "shop": _shop_json(job) if is_of_shop else None,
        "rate_per_s": job.rate_per_s,
        "created_at": moment(job.created_at),
        "started_at": moment(job.started_at),
        "ended_at": moment(job.ended_at),
    }


def _shop_json(job: Job) -> dict[str, Any]:
    """Return what was asked of a shop and told. Units: what it told, then events."""
    counts = {word: fetching.total(job.skipped, word) for word in fetching.WORDS}
    return {
        "what": job.scope.what,
        "counts": counts,
        "by_kind": fetching.by_kind(job.skipped),
        "tries": job.turn,
    }


def _filter_json(wanted: Filter) -> dict[str, str]:
    """Return a filter in the words of a query."""
    found = {"order" if k == "order_id" else k: v for k, v in asdict(wanted).items()}
    return {name: _told(value) for name, value in found.items() if value is not None}


def _told(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(moment(value) if isinstance(value, datetime) else value)


def place_json(place: Place) -> dict[str, Any]:
    """Return how a destination stands; `state` is what most needs a person."""
    return {
        "name": place.name,
        "state": place.state,
        "breaker": place.breaker,
        "reason": place.reason,
        "message": place.message,
        "since": moment(place.since),
        "until": moment(place.until),
        "paused_by": place.paused_by,
        "pending": place.n_pending,
        "oldest_pending_at": moment(place.oldest_pending_at),
        "near_deadline": place.n_near_deadline,
        "deadline_at": moment(place.deadline_at),
    }


def moment(at: datetime | None) -> str | None:
    """Return a time as RFC 3339 in UTC, `Z` at its end; None stays None."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def value_text(line: Line) -> str | None:
    """Return the order's value in major units; None when it was not told."""
    value = from_minor(line.value_minor, line.currency)
    return None if value is None else format(value.amount, "f")
