"""Answer operators: which deliveries there are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forwarder.core.delivery import Status
from forwarder.store import people, tried
from forwarder.store.engine import Store
from forwarder.store.health import BLOCKED
from forwarder.store.numbers import numbers_between
from forwarder.store.schema import deliveries, destinations

PAGE = 50
PAGE_MAX = 1_000
LOOKED_AT = 100_000  # rows, where no index helps: 50 ms
ANSWERS_LOOKED_AT = 10_000  # rows, where each one's history is read: 30 ms
ID_DIGITS_MAX = 18  # fits 64 bits
ID_MAX = 2**63 - 1  # drivers raise beyond


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which deliveries. None leaves a field open; `before_id` is a page's cursor.

    `http` is what was answered to any attempt: a code, a class such as 4xx, or `none`.
    `batch` is our number of a request, `request_id` the platform's. `person` are marks
    of an e-mail address or phone number, one for each data key.
    """

    status: Status | None = None
    source: str | None = None
    endpoint: str | None = None
    destination: str | None = None
    kind: str | None = None
    order_id: str | None = None
    event_id: str | None = None
    reason: str | None = None
    is_test: bool | None = None
    attempts_min: int | None = None
    since: datetime | None = None  # by the time it was received
    until: datetime | None = None
    before_id: int | None = None
    after_id: int | None = None
    ids: tuple[int, ...] | None = None  # chosen one by one
    http: str | None = None
    batch: int | None = None
    request_id: str | None = None
    person: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One delivery as a line of the log."""

    id: int
    notice_id: int
    event_id: str
    kind: str
    source: str
    endpoint: str
    destination: str
    status: Status
    reason: str
    message: str
    order_id: str | None
    value_minor: int | None
    currency: str | None
    is_test: bool
    occurred_at: datetime
    received_at: datetime
    attempts: int
    next_attempt_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Lines, newest first. `next_id` is None on the last page.

    `is_partial`: it is not full though there is more; enough rows were looked at.
    """

    lines: Sequence[Line]
    next_id: int | None
    is_partial: bool = False


# A pending delivery of a blocked destination reads `blocked`; the row itself stays
# pending, so that a new token frees a million rows without writing one.
_BLOCKED_NAMES = sa.select(destinations.c.name).where(destinations.c.state == BLOCKED)
_IS_PENDING = deliveries.c.status == sa.literal_column("'pending'")  # its index's words
_STATUS = sa.case(
    (
        sa.and_(_IS_PENDING, deliveries.c.destination.in_(_BLOCKED_NAMES)),
        Status.BLOCKED.value,
    ),
    else_=deliveries.c.status,
).label("status")
_LINE = [_STATUS if name == "status" else deliveries.c[name] for name in Line.__slots__]


def list_deliveries(store: Store, wanted: Filter, n_max: int = PAGE) -> Page:
    """Return one page, newest first (oldest first after `after_id`).

    Limits: a filter that no index serves looks at the next 100,000 rows, one by a
    frequent answer at 10,000, so that a page takes as long with a hundred million as
    with one. It then may hold fewer lines than `n_max`, even none, and `next_id` goes
    on below them.
    """
    if wanted.after_id is not None:
        return _page(store, wanted, n_max, deliveries.c.id.asc())
    newest = deliveries.c.id.desc()
    if is_narrow(store, wanted):
        return _page(store, wanted, n_max, newest)
    low_id, top_id = numbers_between(store, wanted.since, wanted.until)
    if wanted.before_id is not None:
        top_id = min(top_id, wanted.before_id)
    is_read = wanted.http is not None and wanted.status is not Status.REFUSED
    floor_id = max(low_id, top_id - (ANSWERS_LOOKED_AT if is_read else LOOKED_AT))
    part = replace(wanted, before_id=top_id, after_id=floor_id - 1)
    page = _page(store, part, n_max, newest)
    if page.next_id is not None or floor_id <= low_id:
        return page
    return replace(page, next_id=floor_id, is_partial=True)


def is_narrow(store: Store, wanted: Filter) -> bool:
    """Say whether an index finds the rows of a filter, ordered by number."""
    if _has_key(wanted):
        return True
    if wanted.http is not None:
        return tried.is_rare(store, wanted.http)
    return wanted.status is Status.REFUSED


def _has_key(wanted: Filter) -> bool:
    keys = (
        wanted.ids,
        wanted.order_id,
        wanted.event_id,
        wanted.batch,
        wanted.request_id,
        wanted.person,
    )
    return any(key is not None for key in keys)


def _page(
    store: Store, wanted: Filter, n_max: int, order: sa.UnaryExpression[Any]
) -> Page:
    query = sa.select(*_LINE).where(*conditions(wanted))
    with store.read() as connection:
        found = connection.execute(query.order_by(order).limit(n_max + 1))
        lines = [_line(row) for row in found.mappings()]
    next_id = lines[n_max - 1].id if len(lines) > n_max else None
    return Page(lines=lines[:n_max], next_id=next_id)


def count_by_status(store: Store, wanted: Filter) -> dict[str, int]:
    """Return how many deliveries there are of each status."""
    query = (
        sa.select(_STATUS, sa.func.count())
        .where(*conditions(wanted))
        .group_by(sa.literal_column("1"))
    )
    with store.read() as connection:
        return dict(connection.execute(query).all())


def line_in(connection: sa.Connection, delivery_id: int) -> Line | None:
    """Return a delivery inside a transaction of the caller; None when there is none."""
    query = sa.select(*_LINE).where(deliveries.c.id == delivery_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else _line(row)


def find(store: Store, reference: str) -> list[Line]:
    """Return the deliveries with this event_id, order id or number, newest first."""
    wanted = [
        deliveries.c.event_id == reference,
        deliveries.c.order_id == reference,
    ]
    if reference.isascii() and reference.isdigit() and len(reference) <= ID_DIGITS_MAX:
        wanted.append(deliveries.c.id == int(reference))
    found = sa.select(*_LINE).where(sa.or_(*wanted))
    query = found.order_by(deliveries.c.id.desc()).limit(PAGE)
    with store.read() as connection:
        return [_line(row) for row in connection.execute(query).mappings()]


def conditions(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    """Return the filter as SQL."""
    table = deliveries.c
    equal = {
        table.source: wanted.source,
        table.endpoint: wanted.endpoint,
        table.destination: wanted.destination,
        table.kind: wanted.kind,
        table.order_id: wanted.order_id,
        table.event_id: wanted.event_id,
        table.reason: wanted.reason,
        table.is_test: wanted.is_test,
    }
    found = [column == value for column, value in equal.items() if value is not None]
    if wanted.attempts_min is not None:
        found.append(table.attempts >= wanted.attempts_min)
    if wanted.since is not None:
        found.append(table.received_at >= wanted.since)
    if wanted.until is not None:
        found.append(table.received_at < wanted.until)
    if wanted.ids is not None:
        found.append(table.id.in_(wanted.ids))
    return [
        *found,
        *_range_conditions(wanted),
        *_tried_conditions(wanted),
        *_status_condition(wanted.status),
    ]


def _range_conditions(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    found = []
    if wanted.before_id is not None:
        found.append(deliveries.c.id < wanted.before_id)
    if wanted.after_id is not None:
        found.append(deliveries.c.id > wanted.after_id)
    return found


def _tried_conditions(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    found = []
    if wanted.http is not None:
        is_range = wanted.before_id is not None and wanted.after_id is not None
        is_part = is_range or _has_key(wanted)
        by_answer = tried.by_answer_among if is_part else tried.by_answer
        found.append(by_answer(wanted.http))
    if wanted.batch is not None or wanted.request_id is not None:
        found.append(tried.by_request(wanted.batch, wanted.request_id))
    if wanted.person is not None:
        found.append(people.by_mark(wanted.person))
    return found


def _status_condition(status: Status | None) -> list[sa.ColumnElement[bool]]:
    if status is None:
        return []
    if status is Status.BLOCKED:
        return [_IS_PENDING, deliveries.c.destination.in_(_BLOCKED_NAMES)]
    if status is Status.PENDING:
        return [_IS_PENDING, deliveries.c.destination.not_in(_BLOCKED_NAMES)]
    # As a literal, so that the partial index of refused rows is used.
    return [deliveries.c.status == sa.literal_column(f"'{status.value}'")]


def _line(row: sa.RowMapping) -> Line:
    fields = dict(row)
    fields["status"] = Status(fields["status"])
    return Line(**fields)
