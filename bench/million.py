"""A delivery log as it looks after a million conversions, written by the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import orjson
import sqlalchemy as sa

from forwarder.store import Store
from forwarder.store.schema import deliveries, payloads, to_us

KINDS: Final = (  # of 1,000
    (450, "checkout"),
    (700, "signup"),
    (850, "add_to_cart"),
    (930, "lead"),
    (980, "page_visit"),
    (1_000, "refund"),
)
SOURCES: Final = (
    (600, "shopify"),
    (850, "woocommerce"),
    (999, "kit"),
    (1_000, "stripe"),
)
ENDPOINTS: Final = (
    (600, "my-shop"),
    (850, "second-shop"),
    (999, "my-list"),
    (1_000, "rare-shop"),
)
REASONS: Final = (  # of 1,000, by status
    (960, "delivered", ""),
    (972, "refused", "no_identity"),
    (975, "refused", "rejected"),
    (985, "skipped", "consent"),
    (999, "skipped", "not_mapped"),
    (1_000, "skipped", "too_old"),
)
DAY_US: Final = 86_400_000_000
HASH: Final = "0c7e6a405862e402eb76a70f8a26fc732d07c32931e9fae9ab1582911d2e8a3b"
SENT: Final = {
    "event_name": "checkout",
    "event_id": "shopify:1000001",
    "action_source": "web",
    "event_time": 1_795_000_000,
    "user_data": {
        name: [HASH] for name in ("em", "ph", "fn", "ln", "ct", "zp", "country")
    },
    "custom_data": {"currency": "EUR", "value": "12.34", "order_id": "1000001"},
}


def fill_settled(store: Store, n: int, first_at: datetime, last_at: datetime) -> None:
    """Write `n` settled deliveries, evenly over the period, ids in order of arrival.

    The indexes are made afterwards, which takes a third of the time.
    """
    indexes = sorted(deliveries.indexes, key=lambda one: str(one.name))
    with store.write() as connection:
        for index in indexes:
            index.drop(connection)
        words = _insert(store, n, to_us(first_at), to_us(last_at))
        connection.execute(sa.text(words))
        for index in indexes:
            index.create(connection)
    _analyze(store)


N_TRIES: Final = 3  # of each delivery
BATCH: Final = 1_000


# Of the requests: one in ten was slowed down, one in ten not answered, one refused.
_ANSWERS: Final = f"""CASE WHEN id / {BATCH} = 500 THEN 404
    WHEN id / {BATCH} % 10 = 3 THEN 429 WHEN id / {BATCH} % 10 = 7 THEN NULL
    ELSE 200 END"""


def fill_history(store: Store) -> None:
    """Give every delivery three attempts: two that were put off and the last one."""
    answered = f"""
        INSERT INTO attempts (destination, at, http_status, message, request_id,
            duration_ms, n_events, mode)
        SELECT destination, MIN(received_at), {_ANSWERS}, '',
            'rid-' || (id / {BATCH}), 120, {BATCH}, 'auto'
        FROM deliveries GROUP BY id / {BATCH}, destination ORDER BY 2
        """  # noqa: S608  our own words
    tried = f"""
        INSERT INTO delivery_attempts (delivery_id, attempt_id, outcome, reason,
            message)
        SELECT id, id / {BATCH} + 1 + number, CASE number WHEN {N_TRIES - 1}
            THEN status ELSE 'deferred' END, CASE number WHEN {N_TRIES - 1}
            THEN reason ELSE 'server_error' END, ''
        FROM deliveries,
            (SELECT 0 AS number UNION ALL SELECT 1 UNION ALL SELECT 2) tries
        WHERE settled_at IS NOT NULL
        """  # noqa: S608  our own words
    with store.write() as connection:
        connection.execute(sa.text(answered))
        connection.execute(sa.text(tried))
    _analyze(store)


def fill_notices(store: Store) -> None:
    """Write a webhook for every delivery, cleared by retention as all are in time."""
    false = "0" if store.is_sqlite else "false"
    words = f"""
        INSERT INTO notices (id, endpoint, source, delivery_key, body_sha256,
            status, reason, received_at, n_duplicates, is_conflict, sealed)
        SELECT id, endpoint, source, event_id, 'sha', CASE id % 500
            WHEN 0 THEN 'quarantined' WHEN 1 THEN 'ignored' ELSE 'accepted' END,
            CASE id % 500 WHEN 0 THEN 'no order in it' ELSE '' END,
            received_at, 0, {false}, NULL
        FROM deliveries WHERE settled_at IS NOT NULL
        """  # noqa: S608  our own words
    with store.write() as connection:
        connection.execute(sa.text(words))
    _analyze(store)


def fill_payloads(store: Store, n: int) -> None:
    """Keep what was sent of the newest deliveries, as retention leaves it."""
    sent = orjson.dumps(SENT)
    notes = orjson.dumps({"dropped": [{"field": "phone", "reason": "not_a_number"}]})
    newest = sa.select(
        deliveries.c.id, sa.literal(sent), sa.null(), sa.literal(notes)
    ).order_by(deliveries.c.id.desc())
    with store.write() as connection:
        connection.execute(
            sa.insert(payloads).from_select(
                ["delivery_id", "shown", "sealed", "notes"],
                newest.where(deliveries.c.status == "delivered").limit(n),
            )
        )
    _analyze(store)


def _analyze(store: Store) -> None:
    with store.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def _insert(store: Store, n: int, first_us: int, last_us: int) -> str:
    """Return the statement; `a`, `b` and `c` are 0 to 999 and repeat after `n`."""
    false = "0" if store.is_sqlite else "false"
    click = "a % 5 = 0" if store.is_sqlite else "(a % 5 = 0)"
    columns: dict[str, str] = {
        "notice_id": "n",
        "destination": "'main'",
        "endpoint": _choice("b", ENDPOINTS),
        "source": _choice("b", SOURCES),
        "event_id": "'bench:' || n",
        "kind": _choice("a", KINDS),
        "status": _choice("c", [(most, status) for most, status, _ in REASONS]),
        "reason": _choice("c", [(most, reason) for most, _, reason in REASONS]),
        "message": "''",
        "order_id": "CASE WHEN a < 850 THEN '' || (1000000 + n) END",
        "value_minor": "CASE WHEN a < 850 THEN 500 + b * 37 END",
        "currency": "CASE WHEN a < 850 THEN 'EUR' END",
        "has_click": click,
        "is_test": false,
        "occurred_at": "at_us - c * 100000",
        "received_at": "at_us",
        "attempts": "1",
        "mode": "'auto'",
        "next_attempt_at": "NULL",
        "claim_id": "NULL",
        "enrich": "NULL",
        "settled_at": "at_us + 200000",
    }
    step_us = (last_us - first_us) / max(n, 1)
    big = "BIGINT" if not store.is_sqlite else "INTEGER"
    return f"""
        WITH RECURSIVE numbers(n) AS (
            SELECT CAST(1 AS {big}) UNION ALL SELECT n + 1 FROM numbers WHERE n < {n}
        ), mixed AS (
            SELECT n, (n * 7919) % 1000 AS a, (n * 104729 / 1000) % 1000 AS b,
                (n * 15485863 / 100000) % 1000 AS c,
                CAST({first_us} + n * {step_us:.3f} AS {big}) AS at_us
            FROM numbers
        )
        INSERT INTO deliveries ({", ".join(columns)})
        SELECT {", ".join(columns.values())} FROM mixed
        """  # noqa: S608  our own words


def fill_mirror(store: Store, share: float) -> int:
    """Let browsers have reported a share of all deliveries; return how many rows.

    One in 50 has an event id of its own, which only the order finds.
    """
    shop = ENDPOINTS[0][1]
    own_id = "CASE WHEN id % 50 = 0 THEN 'own:' || id ELSE event_id END"
    tag = "CASE WHEN id % 9 = 0 THEN 'blocked' ELSE 'alive' END"
    false = "0" if store.is_sqlite else "false"
    words = f"""
        INSERT INTO mirror_events (endpoint, kind, event_id, order_id, value_minor,
            currency, device, tag, consent, has_gpc, received_at, n_reports)
        SELECT endpoint, kind, {own_id}, order_id, value_minor, currency,
            CASE id % 3 WHEN 0 THEN 'android' WHEN 1 THEN 'ios_safari'
                ELSE 'desktop_chrome' END,
            {tag}, 'granted', {false}, occurred_at, 1
        FROM deliveries WHERE endpoint = '{shop}' AND kind <> 'refund'
            AND id % 1000 < {round(share * 1000)}
        """  # noqa: S608  our own words
    with store.write() as connection:
        n_rows = connection.execute(sa.text(words)).rowcount
    _analyze(store)
    return n_rows


def one_shop(store: Store) -> None:
    """Give all deliveries to one shop, whose pages carry the mirror."""
    with store.write() as connection:
        connection.execute(sa.update(deliveries).values(endpoint=ENDPOINTS[0][1]))


def _choice(number: str, table: Sequence[tuple[int, str]]) -> str:
    """Return SQL that picks a word by a number below 1,000."""
    cases = " ".join(f"WHEN {number} < {most} THEN '{word}'" for most, word in table)
    return f"CASE {cases} END"


def daily_counts(store: Store) -> list[tuple[int, str, int]]:
    """Return day, kind and count of all deliveries that have a click."""
    table = deliveries.c
    day: sa.ColumnElement[Any] = sa.type_coerce(table.occurred_at, sa.BigInteger)
    number = sa.cast(day / DAY_US, sa.BigInteger).label("day")
    query = (
        sa.select(number, table.kind, sa.func.count())
        .where(table.has_click)
        .group_by(sa.literal_column("1"), table.kind)
    )
    with store.read() as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(query)]
