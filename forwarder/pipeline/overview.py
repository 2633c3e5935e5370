"""How every destination stands, in the words an operator reads."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from forwarder.core.delivery import Destination
from forwarder.store import Store, audit, health, standing
from forwarder.store.health import Aging, Backlog, Health

PAUSED = "paused"  # by a person
CLOSED = "closed"
BROKEN = frozenset({health.OPEN, health.HALF_OPEN})
NEAR_DEADLINE = timedelta(hours=24)
STATES = (
    health.ACTIVE,
    PAUSED,
    health.BLOCKED,
    health.RATE_LIMITED,
    health.OPEN,
    health.HALF_OPEN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One destination as an operator sees it.

    `state` is one of STATES, the one that most needs a person first; `breaker` closed,
    open or half_open, also while it is paused. `until` is when it is called again by
    itself, None when nothing but a person ends the state, or when nothing holds it.
    `n_near_deadline` counts what will be too old within a day, the first of it at
    `deadline_at`.
    """

    name: str
    state: str
    breaker: str
    reason: str
    message: str
    since: datetime
    until: datetime | None
    paused_by: str
    n_pending: int
    oldest_pending_at: datetime | None
    n_near_deadline: int
    deadline_at: datetime | None


def overview(
    store: Store, destinations: Iterable[Destination], now: datetime
) -> list[Place]:
    """Return every destination of the settings, and every other that has a history."""
    known = {one.name: one for one in health.all_health(store)}
    waiting = {one.destination: one for one in health.backlogs(store)}
    near = health.near_deadline(store, now, NEAR_DEADLINE)
    aging = {one.destination: one for one in near}
    ours = {one.name for one in destinations}
    return [
        _place(
            known.get(name) or _unknown(name, now),
            waiting.get(name),
            aging.get(name),
            now,
        )
        for name in sorted(ours | set(known) | set(waiting))
    ]


def _unknown(name: str, now: datetime) -> Health:
    """Return what is assumed of a destination that nobody has called yet."""
    return Health(
        name=name,
        state=health.ACTIVE,
        reason="",
        message="",
        since=now,
        credential="",
        not_before=None,
    )


def _place(
    known: Health, backlog: Backlog | None, old: Aging | None, now: datetime
) -> Place:
    word, since, until = _state(known, now)
    return Place(
        name=known.name,
        state=word,
        breaker=known.state if known.state in BROKEN else CLOSED,
        reason=_reason(known, word),
        message="" if word in {PAUSED, health.ACTIVE} else known.message,
        since=since,
        until=until,
        paused_by=known.paused_by,
        n_pending=0 if backlog is None else backlog.n_pending,
        oldest_pending_at=None if backlog is None else backlog.oldest_at,
        n_near_deadline=0 if old is None else old.n_events,
        deadline_at=None if old is None else old.deadline_at,
    )


def _state(known: Health, now: datetime) -> tuple[str, datetime, datetime | None]:
    """Return the word, since when, and until when."""
    if known.paused_at is not None:
        return PAUSED, known.paused_at, None
    is_over = known.not_before is None or known.not_before <= now
    if known.state == health.RATE_LIMITED and is_over:
        return health.ACTIVE, known.not_before or known.since, None
    until = None if known.state == health.ACTIVE else known.not_before
    return known.state, known.since, until


def _reason(known: Health, word: str) -> str:
    if word == health.ACTIVE:
        return ""
    return known.pause_reason if word == PAUSED else known.reason


def pause(store: Store, name: str, who: str, reason: str, now: datetime) -> bool:
    """Leave a destination alone until a person resumes it; False if it is paused.

    What comes for it meanwhile is kept, and still gets too old.
    """
    is_new = standing.pause(store, name, who, reason, now)
    if is_new:
        audit.note(store, who, "destination paused", name, now, reason)
    return is_new


def resume(store: Store, name: str, who: str, now: datetime) -> bool:
    """End a person's pause and have the platform tried at once; False if nothing was.

    A pause that the platform asked for itself stays.
    """
    was_held = standing.resume(store, name, now)
    if was_held:
        audit.note(store, who, "destination resumed", name, now)
    return was_held
