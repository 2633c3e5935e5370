"""Keep what the tag's side says, and give our own side in the same words."""

from array import array
from collections.abc import Sequence
from datetime import date, datetime
from functools import reduce
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from forwarder.core.columns import NOT_TOLD, REVERSALS, ServerColumns
from forwarder.core.reports import TagReport
from forwarder.store.engine import Store
from forwarder.store.report_clicks import UNKNOWN_HOPS, hops_of_deliveries
from forwarder.store.schema import deliveries, tag_reports, to_us
from forwarder.store.schema_clicks import CODE_TIER, click_joins

ROWS_AT_ONCE = 10_000  # a month may hold millions


def save_tag_report(store: Store, report: TagReport, now: datetime) -> bool:
    """Keep a report; return False if the very same one is there already."""
    insert = sqlite.insert if store.is_sqlite else postgresql.insert
    row = {
        "fingerprint": report.fingerprint,
        "level": report.level.value,
        "first_on": report.first_on.isoformat(),
        "last_on": report.last_on.isoformat(),
        "imported_at": now,
        "content": msgspec.json.encode(report),
    }
    with store.write() as connection:
        saved = connection.execute(
            insert(tag_reports)
            .values(row)
            .on_conflict_do_nothing()
            .returning(tag_reports.c.id)
        ).first()
    return saved is not None


def load_tag_reports(store: Store, first_on: date, last_on: date) -> list[TagReport]:
    """Return the reports that touch these days, latest import last."""
    query = (
        sa.select(tag_reports.c.content)
        .where(
            tag_reports.c.first_on <= last_on.isoformat(),
            tag_reports.c.last_on >= first_on.isoformat(),
        )
        .order_by(tag_reports.c.imported_at, tag_reports.c.id)
    )
    with store.read() as connection:
        contents = connection.execute(query).scalars().all()
    return [msgspec.json.decode(content, type=TagReport) for content in contents]


def server_columns(
    store: Store, destination: str, since: datetime, until: datetime
) -> ServerColumns:
    """Return our own conversions for one destination that occurred in the period.

    An order that was refunded, cancelled or disputed is marked, however late that was.
    """
    given = {"to": destination, "since": to_us(since), "until": to_us(until)}
    made = ServerColumns()
    with store.read() as connection:
        shared = _shared_orders(connection, given)
        undone = set(connection.execute(_UNDONE, given).scalars())
        hops = hops_of_deliveries(connection, given)
        clicks = {row.delivery_id: row.us for row in connection.execute(_CLICKS, given)}
        _take_all(made, connection.execute(_SERVER_COLUMNS, given))
    n_rows = len(made)
    made.order.extend([0] * n_rows)
    made.is_reversed.extend([0] * n_rows)
    made.hops.extend([UNKNOWN_HOPS] * n_rows)
    odd = shared.keys() | undone | hops.keys() | clicks.keys()
    for place, number in enumerate(made.event):
        if number in odd:
            made.order[place] = shared.get(number, 0)
            made.is_reversed[place] = number in undone
            made.hops[place] = hops.get(number, UNKNOWN_HOPS)
            made.click_us[place] = clicks.get(number, made.click_us[place])
    return made


def _shared_orders(
    connection: sa.Connection, given: dict[str, object]
) -> dict[int, int]:
    """Return a number of its order for each delivery that shares it with another."""
    numbers: dict[tuple[str, str], int] = {}
    return {
        row.id: numbers.setdefault((row.endpoint, row.order_id), len(numbers) + 1)
        for row in connection.execute(_SHARED, given)
    }


class _Numbers(dict[str, int]):
    """Words with a number each, a new one for a new word."""

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number


def _take_all(made: ServerColumns, result: sa.CursorResult[Any]) -> None:
    """Read plain rows of the driver: a row object for each costs half of the time.

    Limits: nothing may be buffered, so the result must not have been asked to stream.
    """
    cursor, numbers, codes = result.cursor, _Numbers(), array("l")
    while cursor is not None and (rows := cursor.fetchmany(ROWS_AT_ONCE)):
        event, at_us, minor, words = zip(*rows, strict=True)
        made.event.extend(event)
        made.at_us.extend(at_us)
        made.value_minor.extend(minor)
        codes.extend(map(numbers.__getitem__, words))
    result.close()
    _spread(made, [words.split(APART, len(_WORDS) - 1) for words in numbers], codes)


def _spread(
    made: ServerColumns, known: Sequence[Sequence[str]], codes: "array[int]"
) -> None:
    """Fill the columns of words: rows name their words by one number for all."""
    of_words = list(zip(*known, strict=True)) or [()] * len(_WORDS)
    clicked, *of_targets = of_words
    targets = (made.kind, made.currency, made.status, made.reason)
    for target, words in zip(targets, of_targets, strict=True):
        target.extend(map(made.numbers(words).__getitem__, codes))
    # Where the click's own time is not known, one that the order itself carries counts
    # as inside every window.
    is_clicked = [word == "1" for word in clicked]
    made.click_us.extend(
        at_us if is_clicked[code] else NOT_TOLD
        for at_us, code in zip(made.at_us, codes, strict=True)
    )


APART = "|"
_AT_US: sa.ColumnElement[int] = sa.type_coerce(deliveries.c.occurred_at, sa.BigInteger)
_OTHER = deliveries.alias("other")
_HERE = deliveries.c.destination == sa.bindparam("to")
_REPEATED = (
    sa.select(_OTHER.c.order_id)
    .where(_OTHER.c.order_id.is_not(None))
    .group_by(_OTHER.c.order_id)
    .having(sa.func.count() > 1)
)
_SHARED = sa.select(
    deliveries.c.id,
    deliveries.c.endpoint,  # two shops may use the same numbers
    deliveries.c.order_id,
).where(_HERE, deliveries.c.order_id.in_(_REPEATED))
_UNDONE = (
    sa.select(deliveries.c.id)
    .join(
        _OTHER,
        sa.and_(
            _OTHER.c.order_id == deliveries.c.order_id,
            _OTHER.c.endpoint == deliveries.c.endpoint,
        ),
    )
    .where(
        _HERE,
        _OTHER.c.destination == sa.bindparam("to"),
        _OTHER.c.kind.in_([kind.value for kind in REVERSALS]),
    )
)
_WORDS = (  # the last one may hold any sign
    sa.case((deliveries.c.has_click, "1"), else_="0"),
    deliveries.c.kind,
    sa.func.coalesce(deliveries.c.currency, ""),
    deliveries.c.status,
    deliveries.c.reason,
)
_SERVER_COLUMNS = sa.select(
    deliveries.c.id,  # the table holds an event once per destination
    _AT_US,
    sa.func.coalesce(deliveries.c.value_minor, NOT_TOLD),
    # One text for five words: to make each costs more than all the numbers.
    reduce(lambda told, word: told + APART + word, _WORDS),
).where(
    deliveries.c.destination == sa.bindparam("to"),
    sa.bindparam("since") <= _AT_US,
    sa.bindparam("until") > _AT_US,
)
_JOINED_US: sa.ColumnElement[int] = sa.type_coerce(
    click_joins.c.occurred_at, sa.BigInteger
)
_CLICKS = sa.select(
    click_joins.c.delivery_id,
    sa.type_coerce(click_joins.c.clicked_at, sa.BigInteger).label("us"),
).where(
    click_joins.c.tier < CODE_TIER,  # a discount code is no click
    sa.bindparam("since") <= _JOINED_US,
    sa.bindparam("until") > _JOINED_US,
)
