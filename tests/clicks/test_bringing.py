"""A click id reaches Pinterest with the order that brought the token of its click."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from forwarder.clicks.bringing import with_click_ids
from forwarder.core.event import Consent, Person
from forwarder.store import Store, clicks, links
from forwarder.store.claimed import Claimed
from forwarder.store.identity import click_identity
from forwarder.store.schema import deliveries
from tests.clicks.following import NOW, a_link, a_store
from tests.clicks.test_join import clicked, ring
from tests.store.shop import an_event, take

WINDOW = timedelta(days=30)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = a_store(sqlite_url)
    links.add(opened, a_link(), NOW)
    yield opened
    opened.close()


def a_row(token: str, click_id: str | None = None, number: int = 1) -> Claimed:
    event = replace(
        an_event(number, at=NOW + timedelta(minutes=1)),
        click_token=token,
        person=Person(click_id=click_id),
    )
    return Claimed(
        id=number, event_id=event.event_id, kind=event.kind.value, attempts=1,
        occurred_at=event.occurred_at, received_at=NOW, mode="auto", event=event,
        payload=None,
    )  # fmt: skip


def noted(store: Store, token: str, epik: str) -> None:
    click = clicked(store, 1, token, epik)
    told = json.dumps({"epik": epik}).encode()
    sealed = store.sealer.seal(told, click_identity(click.id), NOW)
    clicks.keep(store, [replace(click, sealed=sealed)])


def test_the_click_id_comes_with_the_order_and_the_log_says_from_where(
    store: Store,
) -> None:
    token = ring(store).mint(os.urandom(16))
    noted(store, token, "dj0x")
    take(store, an_event(1))
    (row,) = with_click_ids(store, [a_row(token)], WINDOW)

    assert row.event is not None
    assert "dj0x" == row.event.person.click_id
    assert row.event.warnings == (
        "the click id came from the click on /go/spring at 2026-11-22 08:00:00 UTC",
    )
    with store.read() as connection:
        assert connection.execute(sa.select(deliveries.c.has_click)).scalar_one()


def test_an_own_click_id_an_old_click_and_a_forged_token_change_nothing(
    store: Store,
) -> None:
    token = ring(store).mint(os.urandom(16))
    noted(store, token, "dj0x")
    rows = [a_row(token, "own"), a_row("pc1AAECAwQFBgcICQoLDA0OD76fw-c", number=2)]

    assert rows == list(with_click_ids(store, rows, WINDOW))
    late = [a_row(token)]
    assert late == list(with_click_ids(store, late, timedelta(seconds=1)))


def test_who_opted_out_gets_no_click_id_from_us(store: Store) -> None:
    token = ring(store).mint(os.urandom(16))
    noted(store, token, "dj0x")
    row = a_row(token)
    assert row.event is not None
    opted_out = replace(row.event, consent=Consent(opt_out=True))
    rows = [replace(row, event=opted_out)]

    assert rows == list(with_click_ids(store, rows, WINDOW))


def test_a_click_that_no_key_opens_supplies_nothing(store: Store) -> None:
    token = ring(store).mint(os.urandom(16))
    clicks.keep(store, [replace(clicked(store, 1, token, "dj0x"), sealed=b"odd")])
    rows = [a_row(token)]

    assert rows == list(with_click_ids(store, rows, WINDOW))
