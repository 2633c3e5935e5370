"""From what Pinterest answered to what becomes of each event.

Source: Pinterest's API description 5.23 and real answers, read 2026-11-21; the table
with every status stands in docs/destinations/pinterest.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from forwarder.core.delivery import Blocked, Deferred, Delivered, Outcome, Refused
from forwarder.destinations.pinterest.pauses import pause_s, spent_pause_s
from forwarder.destinations.pinterest.scrub import scrub

FLOOR_S: Final = 60.0  # after an answer that was lost, so that it can still arrive
RAMPED_DOWN_WAIT_S: Final = 600.0
_RAMPED_DOWN_CODE: Final = 4197

_OK: Final = range(200, 300)
_REDIRECT: Final = range(300, 400)
_SERVER_ERROR: Final = range(500, 600)
_TIMEOUT: Final = 408
_UNPROCESSABLE: Final = 422
_TOO_MANY: Final = 429
_BLOCKED: Final = {401: "auth", 403: "permission", 404: "account"}
_WHOLE_REFUSED: Final = {400: "invalid", 413: "too_large", _UNPROCESSABLE: "invalid"}
_UNCLEAR: Final = Deferred(
    "answer_unclear", "no clear status for this event", retry_after_s=FLOOR_S
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer of the platform. Shape: header names in small letters."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one reply means.

    Shape: one outcome per event, or none at all when the events must go out again in
    smaller requests. `rest` is what becomes of events not sent yet; None sends them.
    """

    outcomes: tuple[Outcome, ...]
    message: str = ""
    pause_s: float | None = None
    rest: Outcome | None = None


def read_reply(reply: Reply, n_events: int, retry_messages: Sequence[str]) -> Verdict:
    """Return the verdict on a request of `n_events` events. Never raises."""
    document = _document(reply.body)
    message = scrub(_text(document.get("message"))) or _unsaid(reply)
    status = reply.status
    events = _listed(document) if status in _OK or status == _UNPROCESSABLE else None
    if events is not None:
        return Verdict(
            outcomes=_settled(document, events, n_events, retry_messages),
            message="" if status in _OK else message,
            pause_s=spent_pause_s(reply.headers),
        )
    if status in _OK:
        unclear = Deferred("answer_unclear", message, retry_after_s=FLOOR_S)
        return Verdict(outcomes=(unclear,) * n_events, message=message)
    if status in _WHOLE_REFUSED:
        refused = (Refused(_WHOLE_REFUSED[status], message),) if n_events == 1 else ()
        return Verdict(outcomes=refused, message=message)
    return _not_now(reply, document, n_events, message)


def _not_now(
    reply: Reply, document: Mapping[str, Any], n_events: int, message: str
) -> Verdict:
    """Return the verdict on an answer that says nothing about single events."""
    status = reply.status
    wait_s = pause_s(reply.headers)
    if status in _BLOCKED:
        return _all_alike(Blocked(_BLOCKED[status], message), n_events, message)
    if status == _TOO_MANY:
        limited = Deferred("rate_limited", message, retry_after_s=wait_s, counts=False)
        return _all_alike(limited, n_events, message, wait_s)
    if status in _REDIRECT:
        return _all_alike(Deferred("redirect", message), n_events, message)
    if status != _TIMEOUT and status not in _SERVER_ERROR:
        return _all_alike(Deferred("unexpected_status", message), n_events, message)
    if wait_s is None and document.get("code") == _RAMPED_DOWN_CODE:
        wait_s = RAMPED_DOWN_WAIT_S
    late = Deferred("server_error", message, retry_after_s=wait_s)
    return _all_alike(late, n_events, message)


def _all_alike(
    outcome: Deferred | Blocked,
    n_events: int,
    message: str,
    pause: float | None = None,
) -> Verdict:
    return Verdict(
        outcomes=(outcome,) * n_events,
        message=message,
        pause_s=pause,
        rest=untried(outcome),
    )


def untried(outcome: Deferred | Blocked) -> Deferred | Blocked:
    """Return what becomes of events that stayed behind: no attempt is used up."""
    if isinstance(outcome, Blocked):
        return outcome
    return Deferred(
        outcome.reason, outcome.message, outcome.retry_after_s, counts=False
    )


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _listed(document: Mapping[str, Any]) -> Sequence[Any] | None:
    """Return the list with each event's own status, at the root or in `details`."""
    for place in (document, document.get("details")):
        events = place.get("events") if isinstance(place, Mapping) else None
        if isinstance(events, list) and events:
            return events
    return None


def _settled(
    document: Mapping[str, Any],
    events: Sequence[Any],
    n_events: int,
    retry_messages: Sequence[str],
) -> tuple[Outcome, ...]:
    """Return the outcomes by position; events without a clear status are unclear."""
    told = document if "events" in document else document.get("details", {})
    if len(events) > n_events or _contradicts(told, events, n_events):
        return (_UNCLEAR,) * n_events
    settled = [_outcome(one, retry_messages) for one in events]
    return (*settled, *(_UNCLEAR,) * (n_events - len(events)))


def _contradicts(told: Mapping[str, Any], events: Sequence[Any], n_events: int) -> bool:
    """Tell if the counters deny what a complete list says."""
    if len(events) < n_events:
        return False
    n_received, n_processed = (
        told.get(name) for name in ("num_events_received", "num_events_processed")
    )
    n_good = sum(_status(one) == "processed" for one in events)
    return (isinstance(n_received, int) and n_received != n_events) or (
        isinstance(n_processed, int) and n_processed != n_good
    )


def _outcome(one: Any, retry_messages: Sequence[str]) -> Outcome:  # noqa: ANN401
    status = _status(one)
    if status == "processed":
        return Delivered(scrub(_text(one.get("warning_message"))))
    if status != "failed":
        return _UNCLEAR
    said = _text(one.get("error_message"))
    message = scrub(said) or "Pinterest gave no reason"
    if any(part.lower() in said.lower() for part in retry_messages):
        return Deferred("rejected_for_now", message)
    return Refused("rejected", message)


def _status(one: Any) -> str:  # noqa: ANN401 - any JSON value
    return _text(one.get("status")) if isinstance(one, dict) else ""


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a text; empty, null and absent are one to Pinterest and to us."""
    return value if isinstance(value, str) else ""


def _unsaid(reply: Reply) -> str:
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_plain = kind.replace("/", "").replace("-", "").isalnum()
    shape = f", {kind}" if is_plain and kind != "application/json" else ""
    return f"HTTP {reply.status}{shape}, no message"
