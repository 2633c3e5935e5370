"""What must be true after every run, asked from outside: book, database, sandbox."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from forwarder.store.schema import deliveries, delivery_attempts
from tests.chaos.world import World
from tests.e2e import canary, traces

FINAL = {"delivered", "refused", "skipped"}
CANARY = 777_000
PAGE = 5_000
WORDS = (canary.NAME, canary.LAST_NAME, canary.STREET, canary.PHONES[0])


@dataclass(slots=True)
class Finding:
    """What came of a run. `wrong` is empty when every invariant holds."""

    n_events: int = 0
    n_lost: int = 0
    n_doubled: int = 0
    n_resent: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def check(world: World) -> Finding:
    """Return what is wrong with a run that has come to rest."""
    rows = _rows(world)
    ledger = world.box.ledger()
    events = list(_arrived(world, ledger["unique"]))
    found = Finding(n_events=len(rows), n_resent=ledger["duplicates"])
    found.statuses = dict(Counter(row.status for row in rows))
    found.n_lost = len(_lost(world, rows, events))
    found.n_doubled = _doubled(ledger, rows, events)
    found.wrong += world.book.wrong
    for word, n in (("lost", found.n_lost), ("doubled", found.n_doubled)):
        if n:
            found.wrong.append(f"{n} events {word}")
    found.wrong += _unsettled(rows)
    found.wrong += _strangers(world, rows)
    found.wrong += _missing_notices(world)
    found.wrong += _unexplained(world, rows)
    found.wrong += _leaks(world)
    found.wrong += [f"crash: {line[:300]}" for line in _crashes(world)][:3]
    return found


def _crashes(world: World) -> Iterator[str]:
    """Give what no fault may cause; an ack that a dead broker misses is no crash."""
    for line in world.box.crashes():
        is_excused = world.excuse and world.excuse in line
        if not is_excused and "Couldn't ack" not in line:
            yield line


def _arrived(world: World, n_events: int) -> Iterator[Any]:
    """Give what the sandbox has, page by page."""
    for offset in range(0, n_events, PAGE):
        page = world.box.ledger_page(offset, PAGE)
        yield from (one["event"] for one in page["events"])


def _rows(world: World) -> list[Any]:
    names = ("id", "event_id", "kind", "status", "reason", "attempts", "claim_id")
    query = sa.select(*(deliveries.c[name] for name in names))
    with world.box.store.read() as connection:
        return list(connection.execute(query).all())


def _lost(world: World, rows: list[Any], events: list[Any]) -> set[str]:
    """Return what was answered and is not there, or said to be sent and is not."""
    arrived = {event["event_id"] for event in events}
    said = {row.event_id for row in rows if row.status == "delivered"}
    return (world.book.event_ids - {row.event_id for row in rows}) | (said - arrived)


def _doubled(ledger: dict[str, Any], rows: list[Any], events: list[Any]) -> int:
    """Return how much the platform counts twice, or was sent in other words."""
    sales = Counter(
        (event["event_name"], event["custom_data"]["order_id"])
        for event in events
        if event["event_name"] == "checkout"
    )
    n_sales = sum(n - 1 for n in sales.values())
    n_other_bytes = ledger["duplicates"] - ledger["duplicates_identical"]
    n_rows = len(rows) - len({(row.event_id, row.kind) for row in rows})
    n_arrived = len(events) - len({event["event_id"] for event in events})
    return n_sales + int(n_other_bytes) + n_rows + n_arrived


def _unsettled(rows: list[Any]) -> Iterator[str]:
    n_open = sum(row.status not in FINAL for row in rows)
    n_held = sum(row.claim_id is not None for row in rows)
    if n_open:
        yield f"{n_open} events in no final state"
    if n_held:
        yield f"{n_held} leases left"


def _strangers(world: World, rows: list[Any]) -> Iterator[str]:
    """Find events that nobody was answered for: forged ones, say."""
    known = world.book.event_ids | world.book.doubtful_ids
    strange = {row.event_id for row in rows} - known
    others = sorted(one for one in strange if str(CANARY) not in one)
    if others:
        yield f"{len(others)} events nobody posted, such as {others[0]}"


def _missing_notices(world: World) -> Iterator[str]:
    missing = world.book.notice_ids - world.notice_ids()
    if missing:
        yield f"{len(missing)} answered notices are not in the database"


def _unexplained(world: World, rows: list[Any]) -> Iterator[str]:
    """Find final states without a line in the history, and attempts without one."""
    with world.box.store.read() as connection:
        lines = connection.execute(
            sa.select(
                delivery_attempts.c.delivery_id, delivery_attempts.c.outcome
            ).order_by(delivery_attempts.c.attempt_id)
        ).all()
    told: dict[int, list[str]] = {}
    for line in lines:
        told.setdefault(line.delivery_id, []).append(line.outcome)
    bare = [
        row for row in rows if not _explains(row.status, row.reason, _of(told, row))
    ]
    if bare:
        yield f"{len(bare)} events whose history does not explain their state"
    silent = sum(row.attempts > len(_of(told, row)) for row in rows)
    if silent:
        yield f"{silent} events with attempts that nobody tells of"


def _explains(status: str, reason: str, outcomes: list[str]) -> bool:
    if status == "delivered":
        return "delivered" in outcomes
    return bool(reason or outcomes)


def _of(told: dict[int, list[str]], row: Any) -> list[str]:  # noqa: ANN401 - a row
    return told.get(row.id, [])


def _leaks(world: World) -> Iterator[str]:
    """Look for the canary wherever something of the run was written."""
    places = {"files": traces.files(world.folder)}
    if world.disk is not None:
        places["disk"] = traces.files(world.disk)
    if world.configuration.database == "postgresql":
        places["tables"] = traces.tables(world.box.direct_url)
    if world.broker == "redis":
        places["redis"] = traces.keys(world.servers.redis)
    if world.broker == "rabbitmq":
        places["rabbitmq"] = traces.files(world.servers.rabbitmq.folder)
    for place, data in places.items():
        if canary.seen(data, WORDS):
            yield f"a person stands in clear in the {place}"
