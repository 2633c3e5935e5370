"""A destination that says what a test tells it to, and the desk it is drained from."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from forwarder.core.delivery import (
    Answer,
    Delivered,
    Dropped,
    Encoded,
    Outcome,
    Refused,
    Skipped,
)
from forwarder.core.event import Event
from forwarder.pipeline.drain import Desk
from forwarder.store import Store, log
from forwarder.store.log import Filter, Line
from forwarder.store.story import Story, show
from tests.store.shop import NOW

Reply = Callable[[Sequence[bytes]], Iterable[Answer]]


@dataclass(slots=True)
class Clock:
    """Stands still until a test moves it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def skip(self, **step: float) -> None:
        self.now += timedelta(**step)


def say(outcome: Outcome, pause_s: float | None = None) -> Reply:
    """Answer one outcome for every event of a batch."""

    def reply(batch: Sequence[bytes]) -> Iterable[Answer]:
        status = 200 if isinstance(outcome, Delivered) else 500
        outcomes = (outcome,) * len(batch)
        yield Answer(
            outcomes=outcomes,
            n_events=len(batch),
            http_status=status,
            pause_s=pause_s,
        )

    return reply


def each(*outcomes: Outcome) -> Reply:
    """Answer these outcomes, one per event of the batch."""
    return lambda _: [Answer(outcomes=outcomes, n_events=len(outcomes))]


@dataclass(slots=True)
class StandIn:
    """Encodes alike every time unless `version` changes; replies by its script."""

    script: list[Reply] = field(default_factory=list)
    name: str = "main"
    max_batch: int = 1000
    max_age: timedelta = timedelta(days=7)
    credential: str = "token-1"
    version: int = 1
    sent: list[list[bytes]] = field(default_factory=list)

    def encode(self, event: Event) -> Encoded | Refused | Skipped:
        if not event.person.email:
            return Refused("no_identity", "nobody in it")
        if event.search == "raise":
            raise KeyError(event.search)
        ip = event.person.ip
        told = {"id": event.event_id, "version": self.version, "ip": ip and "***"}
        shown = json.dumps(told).encode()
        return Encoded(
            body=shown.replace(b"***", (ip or "").encode()),
            shown=shown,
            dropped=(Dropped(field="phone", reason="phone_no_country"),),
            warnings=event.warnings,
        )

    def unmask(self, shown: bytes, ip: str | None, user_agent: str | None) -> bytes:
        del user_agent
        if b"***" in shown and ip is None:
            raise ValueError("a masked value was cleared")
        return shown.replace(b"***", (ip or "").encode())

    def send(self, batch: Sequence[bytes]) -> Iterator[Answer]:
        self.sent.append(list(batch))
        reply = self.script.pop(0) if self.script else say(Delivered())
        yield from reply(batch)


@dataclass(slots=True)
class Bench:
    """A store, a clock and a destination to work with."""

    store: Store
    clock: Clock = field(default_factory=Clock)
    destination: StandIn = field(default_factory=StandIn)

    def desk(self, worker: str = "w1", *, is_stopping: bool = False) -> Desk:
        return Desk(
            store=self.store,
            worker=worker,
            clock=self.clock,
            jitter=lambda: 0.5,
            is_stopping=lambda: is_stopping,
        )

    def lines(self, **wanted: object) -> list[Line]:
        """The log, oldest first."""
        page = log.list_deliveries(self.store, Filter(**wanted), 1000)  # type: ignore[arg-type]
        return list(reversed(page.lines))

    def words(self) -> list[tuple[str, str]]:
        return [(line.status.value, line.reason) for line in self.lines()]

    def story(self, number: int = 0) -> Story:
        story = show(self.store, self.lines()[number].id)
        assert story is not None
        return story
