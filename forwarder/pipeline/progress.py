"""Say whether work goes on, not merely whether a process is up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from forwarder.store import Store, health

STUCK_AFTER = timedelta(seconds=60)
GONE_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What hinders the service, one sentence each; none means it is ready."""

    troubles: tuple[str, ...]
    n_pending: int
    oldest_pending_at: datetime | None


def progress(store: Store, now: datetime) -> Progress:
    """Return whether webhooks are written and deliveries are sent."""
    backlogs = health.backlogs(store)
    oldest = min((b.oldest_at for b in backlogs if b.oldest_at), default=None)
    troubles = (
        [] if store.is_writing else ["the writer stopped: restart the web process"]
    )
    troubles += _worker_troubles(store, now)
    troubles += [
        f"destination {state.name} is blocked ({state.reason}): {state.message}"
        for state in health.all_health(store)
        if state.state == health.BLOCKED
    ]
    return Progress(
        troubles=tuple(troubles),
        n_pending=sum(b.n_pending for b in backlogs),
        oldest_pending_at=oldest,
    )


def _worker_troubles(store: Store, now: datetime) -> list[str]:
    workers = health.all_workers(store)
    if not workers or now - workers[0].seen_at > GONE_AFTER:
        return ["no worker has been seen for 30 seconds: start serve, or the worker"]
    worked = [w.worked_at for w in workers if w.worked_at is not None]
    overdue = health.oldest_due(store, now)
    is_stuck = overdue is not None and now - overdue > STUCK_AFTER
    if is_stuck and (not worked or now - max(worked) > STUCK_AFTER):
        return ["deliveries are due but none was sent for a minute: restart the worker"]
    return []
