"""What happened to one delivery, and what can be done, in sentences."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from forwarder.core.delivery import Status
from forwarder.pipeline.replay import plan
from forwarder.store import health
from forwarder.store.jobs import Scope
from forwarder.store.log import Filter, Line
from forwarder.store.notice_log import NoticeLine
from forwarder.store.replay import Plan
from forwarder.store.story import Story
from forwarder.web.desk import WebDesk
from forwarder.web.words import reason_label, reason_remedy

_LEFT_OUT = re.compile(r"(?P<field>[\w.]+) \((?P<reason>\w+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A story in words. `remedy` is empty when there is nothing to say or do.

    `again` says what sending again would do, `is_ready` whether it can be done.
    """

    happened: Sequence[str]
    remedy: str
    again: str
    is_ready: bool
    left_out: Sequence[Mapping[str, str]]  # field and reason


def tell(desk: WebDesk, story: Story, now: datetime) -> Told:
    """Return a delivery's story in words."""
    line = story.line
    reason = _reason(desk, line)
    is_ready, would = again(desk, line, now)
    sentences = [
        _came(line, story.notice),
        _repeats(story.notice),
        _became(story, reason, now),
        f"{who_said(story)}: {line.message}" if line.message else "",
    ]
    return Told(
        happened=[sentence for sentence in sentences if sentence],
        remedy=reason_remedy(reason),
        again=would,
        is_ready=is_ready,
        left_out=left_out(story),
    )


def who_said(story: Story) -> str:
    """Return the words before a delivery's message: whether the platform said it."""
    return "Pinterest said" if story.is_answer else "Detail"


def left_out(story: Story) -> Sequence[Mapping[str, str]]:
    """Return the fields left out and why, also of what was refused before it left.

    Of that no payload is kept: its message names them.
    """
    if story.dropped or story.is_answer:
        return story.dropped
    _, _, named = story.line.message.partition("left out: ")
    return [match.groupdict() for match in _LEFT_OUT.finditer(named)]


def _reason(desk: WebDesk, line: Line) -> str:
    """Return the reason; for what waits behind a block, the reason of the block."""
    if line.status is not Status.BLOCKED:
        return line.reason
    known = health.health_of(desk.store, line.destination)
    return line.reason if known is None else known.reason


def _came(line: Line, notice: NoticeLine | None) -> str:
    first = f"It came in at {stamp(line.received_at)} UTC from {line.endpoint}"
    if notice is None:
        return f"{first}; the webhook itself was deleted by retention."
    return f"{first}, as webhook {notice.id}."


def _repeats(notice: NoticeLine | None) -> str:
    if notice is None or notice.n_duplicates == 0:
        return ""
    times = count(notice.n_duplicates, "more time", "more times")
    told = f"The sender sent the webhook {times}; that changed nothing."
    if not notice.is_conflict:
        return told
    if notice.conflict_id is None:
        return f"{told} At least one repeat differed."
    kept = f"it is kept as webhook {notice.conflict_id}, and was not sent"
    return f"{told} At least one repeat differed: {kept}."


def _became(story: Story, reason: str, now: datetime) -> str:
    line = story.line
    why = f": {reason_label(reason)}" if reason else ""
    match line.status:
        case Status.DELIVERED:
            return f"Delivered{_at(line.settled_at)}, attempt {line.attempts}{why}."
        case Status.REFUSED:
            return f"Refused{_at(line.settled_at)} {_after(story)}{why}."
        case Status.SKIPPED:
            return f"Left out on purpose{_at(line.settled_at)}{why}."
        case Status.BLOCKED:
            return f"It waits: destination {line.destination} is blocked{why}."
        case Status.PENDING:
            return _waits(line, why, now)


def _after(story: Story) -> str:
    if not story.history:
        return "before anything was sent"
    return f"after {count(len(story.history), 'attempt', 'attempts')}"


def _waits(line: Line, why: str, now: datetime) -> str:
    tries = count(line.attempts, "attempt", "attempts")
    so_far = f"{tries} so far{why}" if line.attempts else f"It was not tried yet{why}"
    if line.next_attempt_at is None:
        return f"{so_far}."
    due = _in(line.next_attempt_at - now)
    return f"{so_far}. Next attempt at {stamp(line.next_attempt_at)} UTC, {due}."


def again(desk: WebDesk, line: Line, now: datetime) -> tuple[bool, str]:
    """Return whether the delivery can be sent again, and what that would do."""
    if line.status is Status.SKIPPED:
        return False, "It was left out on purpose, so it is not sent from here."
    plans = plan(desk.store, itself(line), desk.destinations.values(), now)
    if not plans:
        return False, f"Destination {line.destination} is not in the settings any more."
    return _would(plans[0])


def _would(counted: Plan) -> tuple[bool, str]:
    if counted.n_too_old:
        return False, "It is older than the destination takes: it cannot be sent again."
    if counted.n_cleared:
        return False, "The person's data was cleared: it cannot be sent again."
    if counted.n_counted:
        return False, "It was delivered over a day ago: it might be counted twice."
    if counted.n_delivered:
        return True, "It leaves with the same event id: the platform counts it once."
    if counted.n_ready:
        return True, "It is written afresh with the settings of now, and sent."
    return False, ""  # it waits, and is sent by itself


def itself(line: Line) -> Scope:
    """Return what finds this one delivery, also when it was delivered."""
    wanted = Filter(
        event_id=line.event_id, kind=line.kind, destination=line.destination
    )
    return Scope(wanted=wanted, include_final=True)


def stamp(at: datetime) -> str:
    """Return a time in UTC to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _at(at: datetime | None) -> str:
    return "" if at is None else f" at {stamp(at)} UTC"


def _in(wait: timedelta) -> str:
    seconds = int(wait.total_seconds())
    if seconds <= 0:
        return "due now"
    for size_s, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size_s:
            return f"in {seconds // size_s} {name}"
    return f"in {seconds} seconds"


def count(n: int, one: str, several: str) -> str:
    """Return a number with its noun."""
    return f"{n} {one if n == 1 else several}"
