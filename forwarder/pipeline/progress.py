"""Say whether work goes on, not merely whether a process is up."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from forwarder.store import Store, health, probe

STUCK_AFTER = timedelta(seconds=60)
GONE_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that hinders the service, and what to do about it.

    Of a blocked destination `mend` is what the platform said, `subject` its name and
    `reason` the word for why; both are empty otherwise.
    """

    part: Literal["writer", "worker", "destination"]
    what: str
    mend: str
    subject: str = ""
    reason: str = ""

    def __str__(self) -> str:
        """Return both as one sentence."""
        return f"{self.what}: {self.mend}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What hinders the service; nothing means that it is ready."""

    problems: tuple[Trouble, ...]
    n_pending: int
    oldest_pending_at: datetime | None

    @property
    def troubles(self) -> tuple[str, ...]:
        """What hinders, one sentence each."""
        return tuple(map(str, self.problems))


def progress(
    store: Store, now: datetime, destinations: Collection[str] | None = None
) -> Progress:
    """Return whether webhooks are written and deliveries are sent.

    `destinations` are those of the settings: what waits for another one is no jam.
    """
    backlogs = health.backlogs(store)
    oldest = min((b.oldest_at for b in backlogs if b.oldest_at), default=None)
    return Progress(
        problems=(
            *_writer_problems(store, now),
            *worker_problems(store, now, destinations),
            *_blocks(store),
        ),
        n_pending=sum(b.n_pending for b in backlogs),
        oldest_pending_at=oldest,
    )


def _writer_problems(store: Store, now: datetime) -> Iterator[Trouble]:
    if not store.is_writing:
        yield Trouble(
            part="writer", what="the writer stopped", mend="restart the web process"
        )
        return
    fault = probe.write_fault(store, now)
    if fault:
        yield Trouble(
            part="writer",
            what=f"the last write was not taken ({fault})",
            mend="make room on the disk, or bring the database back",
        )


def worker_problems(
    store: Store, now: datetime, destinations: Collection[str] | None
) -> Iterator[Trouble]:
    """Give what hinders the workers: none there, or none that sends."""
    workers = health.all_workers(store)
    if not workers or now - workers[0].seen_at > GONE_AFTER:
        yield Trouble(
            part="worker",
            what="no worker has been seen for 30 seconds",
            mend="start serve, or the worker",
        )
        return
    worked = [w.worked_at for w in workers if w.worked_at is not None]
    overdue = health.oldest_due(store, now, destinations)
    is_stuck = overdue is not None and now - overdue > STUCK_AFTER
    if is_stuck and (not worked or now - max(worked) > STUCK_AFTER):
        yield Trouble(
            part="worker",
            what="deliveries are due but none was sent for a minute",
            mend="restart the worker",
        )


def _blocks(store: Store) -> Iterator[Trouble]:
    for state in health.all_health(store):
        if state.state == health.BLOCKED:
            what = f"destination {state.name} is blocked ({state.reason})"
            yield Trouble(
                part="destination",
                what=what,
                mend=state.message,
                subject=state.name,
                reason=state.reason,
            )
