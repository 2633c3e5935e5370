"""How long it takes to claim 1,000 due rows, beside a million and beside a thousand."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from bench.measure import AT_MOST, Goal, Pair, Row, Size, row, timed_s
from bench.million import fill_settled
from bench.servers import KEY, Installation, Room
from bench.stored import DESTINATION, fill
from forwarder.store import Store, open_store, outbox
from forwarder.store.schema import claims, deliveries

N_DUE: Final = 1_000
N_PAIRS: Final = 9
DAYS: Final = timedelta(days=30)
MS: Final = 1e3


def run(room: Room, size: Size) -> list[Row]:
    """Return the rows of this bench."""
    rows = []
    for word, is_sqlite in (("SQLite", True), ("PostgreSQL", False)):
        if size.is_quick and not is_sqlite:
            continue
        big = _store(room, f"claim-big-{word}", size.of(1_000_000, 20_000), is_sqlite)
        small = _store(room, f"claim-small-{word}", 1_000, is_sqlite)
        rows.append(
            row(
                f"claim of 1,000 beside 1 M settled, {word}",
                "ms",
                "beside 1 k settled",
                list(_pairs(big, small, size)),
                Goal(value=2.0, reach=AT_MOST),
            )
        )
        big.close()
        small.close()
    return rows


def _store(room: Room, name: str, n_settled: int, is_sqlite: bool) -> Store:  # noqa: FBT001
    url = "" if is_sqlite else room.postgres_url()
    box = room.install(name.lower(), url)
    fill(room, box, N_DUE)
    return with_settled(box, n_settled)


def with_settled(box: Installation, n_settled: int) -> Store:
    """Return the open store of a box, with so many settled deliveries of 30 days."""
    store = open_store(box.database_url, [KEY])
    now = datetime.now(UTC)  # noqa: TID251  a door: the log ends now
    fill_settled(store, n_settled, now - DAYS, now)
    return store


def _pairs(big: Store, small: Store, size: Size) -> Iterator[Pair]:
    for store in (big, small):
        _claim_ms(store)  # the first one reads the pages
    for number in range(size.of(N_PAIRS, 1)):
        stores = (big, small) if number % 2 else (small, big)
        taken = {store: _claim_ms(store) for store in stores}
        yield taken[big], taken[small]


def _claim_ms(store: Store) -> float:
    """Claim, open and decode what is due; then put it back as it was."""
    now = store.now()
    found: list[outbox.Claim | None] = []
    time_s = timed_s(
        lambda: found.append(
            outbox.claim(store, DESTINATION, "bench", N_DUE, now),
        )
    )
    claimed = found[0]
    if claimed is None or len(claimed.rows) != N_DUE:
        raise RuntimeError("not everything that was due has been claimed")
    _put_back(store, now)
    return time_s * MS


def _put_back(store: Store, at: datetime) -> None:
    with store.write() as connection:
        connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.claim_id.is_not(None))
            .values(claim_id=None, next_attempt_at=at, attempts=0, reason="")
        )
        connection.execute(sa.delete(claims))
    if not store.is_sqlite:  # as autovacuum does in service
        with store.engine.execution_options(
            isolation_level="AUTOCOMMIT"
        ).connect() as connection:
            connection.exec_driver_sql("VACUUM deliveries")
