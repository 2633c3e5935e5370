"""The outbox against a model of it: any order of events, crashes and clocks."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from forwarder.core.delivery import Status
from forwarder.store import Store, erase, log, open_store, outbox, replay, retention
from forwarder.store.inbox import accept
from forwarder.store.jobs import Scope
from forwarder.store.log import Filter
from forwarder.store.migrate import upgrade
from forwarder.store.outbox import Claim, Settled
from forwarder.store.schema import metadata
from forwarder.store.settling import Verdict
from tests.store.conftest import KEY
from tests.store.shop import NOW, an_arrival, an_event
from tests.store.test_outbox import ANSWER
from tests.store.test_retention import KEEP

LEASE = outbox.LEASE
ENDS = {
    "delivered": Verdict(status=Status.DELIVERED, outcome="delivered"),
    "refused": Verdict(status=Status.REFUSED, outcome="refused", reason="invalid"),
    "skipped": Verdict(status=Status.SKIPPED, outcome="skipped", reason="too_old"),
}
FINAL = frozenset({"delivered", "refused", "skipped"})


@dataclass(slots=True)
class Row:
    """What we believe of a delivery. `claim` is None while nobody holds it."""

    status: str = "pending"
    reason: str = ""
    due_at: datetime | None = NOW
    claim: int | None = None
    mode: str = "auto"
    is_kept: bool = True  # the sealed event is there
    settled_at: datetime | None = None


class Outbox(RuleBasedStateMachine):
    """Does the same to the store and to the model, and compares them."""

    store: ClassVar[Store]

    @initialize()
    def begin(self) -> None:
        with self.store.write() as connection:
            for table in reversed(metadata.sorted_tables):
                if table.name != "audit":
                    connection.execute(table.delete())
        self.now = NOW
        self.model: dict[int, Row] = {}
        self.claims: list[Claim] = []
        self.numbers = count(1)

    @rule(n=st.integers(1, 3))
    def take(self, n: int) -> None:
        numbers = [next(self.numbers) for _ in range(n)]
        events = [an_event(number, at=self.now) for number in numbers]
        receipt = accept(self.store, an_arrival(*events, at=self.now))

        assert (n, 0) == (receipt.accepted, receipt.duplicates)
        for number in numbers:
            self.model[number] = Row(due_at=self.now)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), is_same_webhook=st.booleans())
    def repeat(self, data: st.DataObject, *, is_same_webhook: bool) -> None:
        number = data.draw(st.sampled_from(sorted(self.model)))
        key = "" if is_same_webhook else f"another {next(self.numbers)}"
        arrival = an_arrival(an_event(number, at=self.now), key=key, at=self.now)

        assert (0, 1) == _counted(accept(self.store, arrival))

    @rule(n_max=st.integers(1, 6))
    def claim(self, n_max: int) -> None:
        found = outbox.claim(self.store, "main", "w", n_max, self.now)
        due = {n for n, row in self.model.items() if self._is_due(row)}
        modes = {m: {n for n in due if self.model[n].mode == m} for m in outbox.MODES}
        first = next((ids for ids in modes.values() if ids), set())
        if found is None:
            assert set() == first
            return
        numbers = {_number(row.event_id) for row in found.rows}

        assert numbers <= first
        assert min(n_max, len(first)) == len(numbers)
        assert all(c.id < found.id for c in self.claims)
        for row in found.rows:
            mine = self.model[_number(row.event_id)]
            assert mine.is_kept == (row.event is not None)
            lost = mine.claim is not None
            mine.claim, mine.due_at = found.id, self.now + LEASE
            mine.reason = "answer_lost" if lost else mine.reason
        self.claims.append(found)

    def _is_due(self, row: Row) -> bool:
        is_due = row.due_at is not None and row.due_at <= self.now
        return row.status == "pending" and is_due

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), end=st.sampled_from([*ENDS, "deferred"]))
    def settle(self, data: st.DataObject, end: str) -> None:
        """A verdict comes in, perhaps long after the lease has lapsed."""
        claim = data.draw(st.sampled_from(self.claims))
        later = self.now + timedelta(seconds=30)
        verdict = ENDS.get(end) or Verdict(
            status=Status.PENDING,
            outcome="deferred",
            reason="network",
            next_attempt_at=later,
        )
        settled = [Settled(row=row, verdict=verdict) for row in claim.rows]
        n_ours = outbox.settle(self.store, claim, settled, ANSWER, self.now)
        ours = self._held_by(claim)

        assert len(ours) == n_ours
        for row in ours:
            row.status, row.reason = verdict.status.value, verdict.reason
            row.claim, row.due_at = None, verdict.next_attempt_at
            row.settled_at = self.now if end in FINAL else None

    def _held_by(self, claim: Claim) -> list[Row]:
        rows = [self.model.get(_number(row.event_id)) for row in claim.rows]
        return [row for row in rows if row is not None and row.claim == claim.id]

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def beat(self, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(self.claims))
        outbox.extend(self.store, claim, self.now)
        for row in self._held_by(claim):
            row.due_at = self.now + LEASE

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        """A worker dies: nobody ever settles what it holds."""
        self.claims.remove(data.draw(st.sampled_from(self.claims)))

    @rule(seconds=st.sampled_from([1, 30, 61, 3_600]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def replay(self) -> None:
        scope, oldest = Scope(), {"main": self.now - timedelta(days=7)}
        where = replay.ready(scope, oldest, self.now)
        ids = replay.next_ids(self.store, where, 0, replay.newest_id(self.store), 1_000)
        with self.store.write() as connection:
            n_done = replay.set_back(connection, ids, where, self.now)
        ready = [
            row
            for row in self.model.values()
            if row.status == "refused" and row.is_kept
        ]

        assert len(ready) == n_done
        for row in ready:
            row.status, row.reason, row.mode = "pending", "", "replay"
            row.claim, row.due_at, row.settled_at = None, self.now, None

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def discard(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.model)))
        where = replay.open_ones(Scope(wanted=Filter(order_id=str(number))))
        ids = replay.next_ids(self.store, where, 0, replay.newest_id(self.store), 10)
        with self.store.write() as connection:
            n_done = replay.give_up(connection, ids, where, self.now, "")
        row = self.model[number]
        is_open = row.status in {"pending", "refused"} and row.claim is None

        assert int(is_open) == n_done
        if is_open:
            self._skip(row, "discarded")

    def _skip(self, row: Row, reason: str) -> None:
        row.status, row.reason, row.settled_at = "skipped", reason, self.now
        row.claim, row.due_at = None, None

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.model)))
        row, ids = self.model[number], self._ids()
        gone = erase.erase_deliveries(self.store, [ids[number]], self.now)
        is_held = row.claim is not None and row.due_at is not None
        is_held = is_held and row.due_at > self.now  # type: ignore[operator]

        assert (int(is_held), int(row.is_kept and not is_held)) == (
            len(gone.held),
            gone.n_events,
        )
        if is_held:
            return
        row.is_kept = False
        if row.status == "pending":
            self._skip(row, "erased")

    @rule()
    def sweep(self) -> None:
        """Time flies, and what is over is cleared; what waits never is."""
        self.now += timedelta(days=4)
        retention.sweep(self.store, KEEP, self.now)
        for row in self.model.values():
            settled_at = row.settled_at
            if settled_at is not None and settled_at < self.now - KEEP.person:
                row.is_kept = False
        oldest = self.now - KEEP.log
        self.model = {
            number: row
            for number, row in self.model.items()
            if row.settled_at is None or row.settled_at >= oldest
        }

    def _ids(self) -> dict[int, int]:
        lines = log.list_deliveries(self.store, Filter(), 1_000).lines
        return {_number(line.event_id): line.id for line in lines}

    @invariant()
    def the_store_and_the_model_agree(self) -> None:
        if not hasattr(self, "model"):
            return
        lines = log.list_deliveries(self.store, Filter(), 1_000).lines
        found = {
            _number(one.event_id): (one.status.value, one.reason, one.settled_at)
            for one in lines
        }
        believed = {
            number: (row.status, row.reason, row.settled_at)
            for number, row in self.model.items()
        }

        assert believed == found
        assert all(
            (one.next_attempt_at is None) == (one.status.value in FINAL)
            for one in lines
        )


def _number(event_id: str) -> int:
    return int(event_id.split(":")[2])


def _counted(receipt: object) -> tuple[int, int]:
    return receipt.accepted, receipt.duplicates  # type: ignore[attr-defined]


def run(url: str, n_examples: int) -> None:
    store = open_store(url, [KEY])
    upgrade(store)
    machine = type("Machine", (Outbox,), {"store": store})
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    chosen = settings(
        max_examples=n_examples,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=checks,
    )
    try:
        run_state_machine_as_test(machine, settings=chosen)  # type: ignore[no-untyped-call]
    finally:
        store.close()


def n_examples(short: int) -> int:
    """Few in the gate; HYPOTHESIS_PROFILE=thorough takes 33 times as many."""
    return short * settings.default.max_examples // 60


def test_the_outbox_is_its_model_on_sqlite(sqlite_url: str) -> None:
    run(sqlite_url, n_examples(12))


def test_the_outbox_is_its_model_on_postgresql(postgres_url: str) -> None:
    run(postgres_url, n_examples(8))
