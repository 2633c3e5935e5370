"""Each acceptance of the operators' desk has a test of its name."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from forwarder.core.delivery import Refused
from forwarder.pipeline.drain import Desk
from forwarder.pipeline.jobs import CHUNK, Workshop, work
from forwarder.store import Store, log
from forwarder.store.log import Filter
from forwarder.store.schema import bodies, deliveries
from tests.web.console_desk import Desktop, event_of, token_in

LogIn = Callable[[str], FlaskClient]
TESTS = Path(__file__).parents[1]
N = 10_000


def test_every_acceptance_has_a_test_of_its_name() -> None:
    names = "\n".join(one.read_text("utf-8") for one in TESTS.rglob("test_*.py"))
    found = set(re.findall(r"^def test_(a\d\d)_", names, re.MULTILINE))

    assert {f"a{number:02}" for number in range(1, 16)} == found


@pytest.mark.usefixtures("blocked")
def test_a07_a_status_is_a_shape_and_a_word_before_it_is_a_colour(
    log_in: LogIn,
) -> None:
    client = log_in("viewer")
    page = client.get("/console/deliveries").text
    shown = re.findall(
        r'<span class="status (\w+)"><svg class="sign".*?</svg>(\w+)</span>',
        page,
        re.DOTALL,
    )

    assert {"delivered", "blocked", "refused", "skipped"} <= {word for _, word in shown}
    assert [] == [one for one in shown if one[0] != one[1]]
    shapes = re.findall(r'<svg class="sign"[^>]*>(.*?)</svg>(\w+)', page, re.DOTALL)
    assert len({word for _, word in shapes}) == len({shape for shape, _ in shapes})


def test_a09_ten_thousand_are_planned_sent_again_and_cancelled_and_add_up(
    desktop: Desktop, log_in: LogIn
) -> None:
    multiply(desktop)
    client = log_in("operator")
    page = client.get("/console/jobs/new/replay?status=refused").text
    assert "Send 10,000 deliveries again" in page
    form = {"token": token_in(page), "planned": f"{N}", "status": "refused"}
    path = client.post("/console/jobs/new/replay", data=form).location
    pieces = iter([False])
    desk = Desk(
        store=desktop.store,
        worker="w",
        clock=desktop.clock,
        jitter=lambda: 0.0,
        is_stopping=lambda: next(pieces, True),
    )
    shop = Workshop(desk=desk, endpoints={}, destinations=[desktop.destination])
    later = desktop.clock.now.replace(year=2027)

    assert CHUNK == work(shop, later)
    assert (
        "cancelled"
        in client.post(f"{path}/cancel", data=form, follow_redirects=True).text
    )
    pieces = iter([False] * 9)
    assert 0 == work(shop, later)
    told = client.get(f"{path}.json").get_json()
    assert ("cancelled", N, CHUNK) == (told["state"], told["planned"], told["done"])
    assert {"pending": CHUNK, "refused": N - CHUNK} == log.count_by_status(
        desktop.store, Filter()
    )


def multiply(desktop: Desktop) -> None:
    """Let ten thousand deliveries have been refused like one."""
    desktop.take(event_of(1))
    desktop.drain(Refused("invalid", "currency"))
    store: Store = desktop.store
    columns = [column.name for column in deliveries.c]
    fresh = {"id": "id + n", "event_id": "event_id || ':' || n"}
    shown = ", ".join(fresh.get(name, name) for name in columns)
    step = f"SELECT n + 1 FROM numbers WHERE n < {N - 1}"  # noqa: S608  our own words
    numbers = f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL {step})"
    rows = {
        deliveries: f"({', '.join(columns)}) {numbers} SELECT {shown}",
        bodies: f"(delivery_id, sealed) {numbers} SELECT delivery_id + n, sealed",
    }
    with store.write() as connection:
        for table, words in rows.items():
            whole = f"INSERT INTO {table.name} {words} FROM {table.name}, numbers"
            connection.execute(sa.text(whole))
