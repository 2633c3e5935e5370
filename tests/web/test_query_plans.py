"""No page of the console reads a whole large table, whatever its filter.

The plans are those of small tables: what counts is that an index, or a range of numbers
that the code itself bounds, leads to the rows.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from forwarder.core.kpi import Counts, KpiDay
from forwarder.core.links import Link
from forwarder.store import Store, kpi, links, open_store, tried
from forwarder.store.migrate import upgrade
from forwarder.store.sessions import begin
from tests.web.conftest import add_admin, desktop_on, fill
from tests.web.console_desk import DATA_KEY, NOW, Desktop
from tests.web.page_list import all_addresses

LARGE = "deliveries|attempts|delivery_attempts|notices|payloads|bodies"
# Indexes of a few rows of a large table: reading one as a whole is reading those.
PARTIAL = (
    "deliveries_due|deliveries_aging|deliveries_to_enrich|deliveries_refused"
    "|deliveries_to_erase|notices_quarantined"
)
# The newest rows by number, so many and no more.
BOUNDED = re.compile(rf"FROM ({LARGE})\s+ORDER BY \1\.id DESC\s+LIMIT")
FILTERS = (
    "",
    "?cursor=5",
    *(f"?status={word}" for word in ("pending", "delivered", "refused", "skipped")),
    "?status=blocked",
    "?kind=signup",
    "?endpoint=rare",
    "?source=rare",
    "?destination=rare",
    "?reason=too_old",
    "?attempts=3",
    "?test=yes",
    "?order=1004",
    "?event_id=none",
    "?ids=3&ids=4",
    *(f"?http={word}" for word in ("2xx", "429", "none")),
    "?http=4xx&status=refused&since=2026-11-20",
    "?batch=1",
    "?request_id=rid-0001",
    f"?person={'0' * 64},{'1' * 64}",
    "?since=2026-11-20",
    "?until=2026-11-20",
    "?since=2026-11-01&until=2026-11-20&kind=lead&endpoint=rare",
)
Asked = list[tuple[str, Any]]


@pytest.fixture
def desk(database_url: str) -> Iterator[Desktop]:
    """A console with something in it, on each database."""
    store = open_store(database_url, [DATA_KEY], "web")
    upgrade(store)
    with desktop_on(store) as made:
        fill(made)
        count(store)
        yield made


def count(store: Store) -> None:
    """Know Pinterest's counts of a Pin with a link, so that the board asks them all."""
    yesterday = NOW.date() - timedelta(days=3)
    told = [
        KpiDay(on=yesterday, counts=Counts(9, 3, 1), pin_id=pin) for pin in ("", "1")
    ]
    kpi.keep(store, told, NOW)
    links.add(store, Link(slug="to-1", to="https://a.example/", pin_id="1"), NOW)


@pytest.fixture
def admin(desk: Desktop) -> FlaskClient:
    user = add_admin(desk.store)
    client = desk.app.test_client()
    with client.session_transaction() as session:
        session["id"] = begin(desk.store, user, NOW)
    return client


def test_a05_no_page_and_no_filter_reads_a_whole_large_table(
    desk: Desktop, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = [
        f"/console/deliveries{form}{query}"
        for form in ("", ".json", ".csv")
        for query in FILTERS
    ]
    live = [
        f"/console/deliveries/live.json{query}{'&' if query else '?'}after=1&shown=2,3"
        for query in FILTERS
    ]
    found = {
        address: whole
        for address in [*lists, *live, *pages(desk)]
        if (whole := whole_reads(desk.store, admin, address))
    }

    assert {} == found
    monkeypatch.setattr(tried, "RARE_EVENTS", -1)
    frequent = {
        address: whole
        for address in lists
        if "http=" in address
        if (whole := whole_reads(desk.store, admin, address))
    }
    assert {} == frequent


def pages(desk: Desktop) -> list[str]:
    """Return every other page, but for those that count all that a filter finds."""
    found = all_addresses(desk.app)
    return [at for at in found if not at.startswith("/console/jobs/new/")]


def whole_reads(store: Store, client: FlaskClient, address: str) -> list[str]:
    """Return the steps of the plans of a page that read a whole large table."""
    asked: Asked = []

    def note(*told: Any) -> None:  # noqa: ANN401  the driver's
        words, values = told[2:4]
        if words.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.append((words, values))

    sa.event.listen(store.engine, "before_cursor_execute", note)
    try:
        answer = client.get(address)
        assert answer.status_code in {200, 404, 422}, (address, answer.status_code)
        assert answer.text is not None  # a file is read while it is sent
    finally:
        sa.event.remove(store.engine, "before_cursor_execute", note)
    unbounded = {words: values for words, values in asked if not BOUNDED.search(words)}
    planned = plans_of(store, unbounded)
    return sorted({step for step in planned if is_whole(step)})


def plans_of(store: Store, asked: Mapping[str, Any]) -> Iterator[str]:
    with store.engine.connect() as connection:
        cursor = connection.connection.cursor()
        if not store.is_sqlite:
            cursor.execute("SET enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN " if store.is_sqlite else "EXPLAIN "
        for words, values in asked.items():
            cursor.execute(explain + words, values)
            for row in cursor.fetchall():
                yield str(row[-1])
        cursor.close()


def is_whole(step: str) -> bool:
    """Say whether a step reads a whole large table, or a whole index of one."""
    if re.search(rf"Seq Scan on ({LARGE})\b", step):
        return True
    scan = re.match(rf"SCAN ({LARGE})\b(.*)", step)
    return bool(scan) and not re.search(rf"INDEX ({PARTIAL})\b", scan[2])
