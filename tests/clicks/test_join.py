"""Which click an order came from, with the truth known."""

import os
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from forwarder.clicks import funnel
from forwarder.clicks.funnel import Funnel
from forwarder.clicks.join import join, mark_new
from forwarder.clicks.token import Ring, digest, ring_of
from forwarder.core.event import Event, Kind, Person
from forwarder.core.links import MARKS, TOKENS, Click, mark_of
from forwarder.core.tally import tally
from forwarder.store import Store, clicks, join_marks, links, open_store, people
from forwarder.store.log import Filter, list_deliveries
from forwarder.store.migrate import upgrade
from forwarder.store.schema import deliveries
from forwarder.store.schema_clicks import click_joins, click_marks
from tests.clicks.following import NOW, a_link, a_store
from tests.clicks.test_spool import a_click
from tests.store.shop import an_event, take

WINDOW = timedelta(days=30)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = a_store(sqlite_url)
    links.add(opened, a_link(campaign="c1", pin_id="12"), NOW)
    yield opened
    opened.close()


def ring(store: Store) -> Ring:
    return ring_of(store.sealer.secrets(TOKENS))


def clicked(
    store: Store, number: int, token: str = "", epik: str = "", **changes: object
) -> Click:
    key = store.sealer.secrets(MARKS)[0][1]
    return a_click(
        number,
        token_sha256=digest(token) if token else None,
        epik_mac=mark_of(key, "epik", epik) if epik else None,
        **changes,
    )


def bought(
    number: int,
    token: str | None = None,
    epik: str | None = None,
    kind: Kind = Kind.CHECKOUT,
    email: str = "",
) -> Event:
    made = an_event(number, kind, NOW + timedelta(minutes=1))
    person = Person(email=(email or f"ada{number}@example.org",), click_id=epik)
    return replace(made, click_token=token, person=person)


def joined(store: Store) -> dict[str | None, tuple[int, str]]:
    with store.read() as connection:
        rows = connection.execute(sa.select(click_joins)).all()
    return {row.order_id: (row.tier, row.slug) for row in rows}


def test_a_token_joins_and_running_again_changes_nothing(store: Store) -> None:
    token = ring(store).mint(os.urandom(16))
    clicks.keep(store, [clicked(store, 1, token)])
    take(store, bought(1, token), bought(2))

    assert 1 == join(store, WINDOW, LATER)
    assert {"1": (1, "spring")} == joined(store)
    assert 0 == join(store, WINDOW, LATER)
    assert {"1": (1, "spring")} == joined(store)


def test_an_order_that_is_here_before_its_click_is_joined_later(store: Store) -> None:
    token = ring(store).mint(os.urandom(16))
    take(store, bought(1, token))

    assert 0 == join(store, WINDOW, LATER)
    clicks.keep(store, [clicked(store, 1, token)])
    assert 1 == join(store, WINDOW, LATER)


def test_forged_and_foreign_tokens_and_late_clicks_never_join(store: Store) -> None:
    ours = ring(store)
    foreign = replace(ours, workspace="other").mint(os.urandom(16))
    after, old = ours.mint(os.urandom(16)), ours.mint(os.urandom(16))
    clicks.keep(
        store,
        [
            clicked(store, 1, foreign),
            clicked(store, 2, after, at=NOW + timedelta(minutes=2)),
            clicked(store, 3, old, at=NOW - timedelta(days=31)),
        ],
    )
    take(store, bought(1, foreign), bought(2, after), bought(3, old))
    tally.take()

    assert 0 == join(store, WINDOW, LATER)
    assert 1 == tally.take()["forwarder_click_tokens_forged_total", ()]
    assert 1 == join(store, timedelta(days=32), LATER)
    assert {"3": (1, "spring")} == joined(store)


def test_a_click_id_and_a_known_person_join_in_their_tiers(store: Store) -> None:
    token = ring(store).mint(os.urandom(16))
    clicks.keep(store, [clicked(store, 1, token), clicked(store, 2, epik="dj0x")])
    take(
        store,
        bought(1, token, kind=Kind.SIGNUP, email="Zilp@Example.org "),
        bought(2, epik="dj0x"),
        bought(3, email="zilp@example.org"),
        bought(4, epik="dj0y"),
    )
    join(store, WINDOW, LATER)
    join(store, WINDOW, LATER)

    assert {"1": (1, "spring"), "2": (2, "spring"), "3": (3, "spring")} == joined(store)
    with store.read() as connection:
        kept = connection.execute(sa.select(click_marks.c.mark)).scalars().all()
    assert not any("zilp" in mark.lower() or token in mark for mark in kept)


def test_ten_thousand_orders_join_as_they_really_came(store: Store) -> None:
    ours, n = ring(store), 10_000
    tokens = [ours.mint(os.urandom(16)) for _ in range(n)]
    forged = Ring(keys=[("A", b"x" * 32)])
    foreign = replace(ours, workspace="other")
    old = NOW - WINDOW
    at = {i: old if i % 5 == 3 else NOW for i in range(n)}
    clicks.keep(
        store,
        [
            clicked(store, i, tokens[i], f"epik{i}", at=at[i])
            for i in range(n)
            if i % 5 != 4
        ],
    )
    truth: dict[str, tuple[int, str]] = {}
    events = []
    for i in range(n):
        match i % 5:
            case 0:
                truth[f"{i}"] = (1, "spring")
                events.append(bought(i, tokens[i]))
            case 1:
                truth[f"{i}"] = (2, "spring")
                events.append(bought(i, epik=f"epik{i}"))
            case 2:
                other = (forged, foreign)[i % 2].mint(os.urandom(16))
                events.append(bought(i, other, f"other{i}"))
            case 3:
                events.append(bought(i, tokens[i], f"epik{i}"))  # clicked too long ago
            case _:
                events.append(bought(i, tokens[i]))  # its click never came
    for start in range(0, n, 500):
        take(store, *events[start : start + 500])
    join(store, WINDOW, LATER)
    found = joined(store)
    right = {order for order, one in found.items() if truth.get(order or "") == one}

    assert (1.0, 1.0) == (len(right) / len(found), len(right) / len(truth))
    assert truth == found


def with_codes(number: int, *codes: str, token: str | None = None) -> Event:
    made = bought(number, token)

    assert made.order is not None
    return replace(made, order=replace(made.order, discount_codes=codes))


def test_a_discount_code_of_one_link_ties_the_order_to_it(store: Store) -> None:
    token = ring(store).mint(os.urandom(16))
    clicks.keep(store, [clicked(store, 1, token)])
    for slug, code in (("ada", "ADA10"), ("one", "both"), ("two", "Both")):
        links.add(store, a_link(slug, code=code), NOW)
    take(
        store,
        with_codes(1, "ada 10"),
        with_codes(2, "BOTH"),
        with_codes(3, "ada10", token=token),  # the click is known better
        with_codes(4, "else"),
    )

    assert 2 == join(store, WINDOW, LATER)
    assert {"1": (4, "ada"), "3": (1, "spring")} == joined(store)
    assert 0 == join(store, WINDOW, LATER)
    (found,) = [one for one in funnels(store) if one.name == "ada"]
    assert (1, {4: 1}) == (found.orders, found.orders_by_tier)
    with store.read() as connection:
        kept = connection.execute(sa.select(click_marks.c.mark)).scalars().all()
    assert not any("ada" in mark.lower() for mark in kept)


def funnels(store: Store, *, by_first: bool = False) -> list[Funnel]:
    day = date(2026, 11, 22)
    return list(funnel.of_links(store, day, day, by_first=by_first))


def naming(number: int, campaign: str, **changes: object) -> Event:
    page = f"https://shop.example.com/p?utm_source=pinterest&utm_campaign={campaign}"
    return replace(bought(number), page_url=page, **changes)


def test_campaign_and_day_are_added_up_apart_and_tie_no_order(store: Store) -> None:
    token = ring(store).mint(os.urandom(16))
    day = date(2026, 11, 22)
    quiet = NOW + timedelta(days=1)
    links.add(store, a_link("autumn", campaign="autumn"), NOW)
    clicks.keep(store, [clicked(store, 1, token)])
    take(
        store,
        naming(1, "c1", click_token=token),  # the click is known
        naming(2, "%43%31"),
        naming(3, "c1"),
        naming(4, "autumn"),  # nobody clicked its links
        naming(5, "else"),
        naming(6, "c1", occurred_at=quiet),  # nor those of c1 on that day
        naming(7, "c1", kind=Kind.SIGNUP),
        naming(8, "c1", is_test=True),
        an_event(3, Kind.REFUND, LATER, value="9.35"),
    )
    join(store, WINDOW, LATER)
    of_links = funnels(store)
    autumn, spring = funnel.of_campaigns(
        store, of_links, links.every(store), day, quiet.date()
    )
    told = {"tier": 5, "orders": 2, "revenue": {"EUR": "49.35"}}

    assert {"1": (1, "spring")} == joined(store)
    assert [None, None] == [one.as_json()["campaign_and_day"] for one in of_links]
    assert {"tier": 5, "orders": 0, "revenue": {}} == (
        autumn.as_json()["campaign_and_day"]
    )
    assert told == spring.as_json()["campaign_and_day"]
    assert (0, 1, {1: 1}) == (autumn.orders, spring.orders, spring.orders_by_tier)
    with store.read() as connection:
        kept = connection.execute(sa.select(click_marks.c.mark)).scalars().all()
    assert not {"c1", "autumn"} & set(kept)
    join_marks.forget(store, LATER + timedelta(days=1), NOW)
    *_, still = funnel.of_campaigns(store, of_links, links.every(store), day, day)
    assert told == still.as_json()["campaign_and_day"]


def test_who_signed_up_and_buys_weeks_later_buys_first_and_then_again(
    store: Store,
) -> None:
    token = ring(store).mint(os.urandom(16))
    clicks.keep(store, [clicked(store, 1, token)])
    ada = "ada@example.org"
    take(store, bought(1, token, kind=Kind.SIGNUP, email=ada))
    join(store, WINDOW, LATER)
    first, again = (
        replace(bought(n, email=ada), occurred_at=NOW + timedelta(days=n))
        for n in (20, 25)
    )
    much_later = NOW + timedelta(days=26)
    take(store, first, again, at=much_later - timedelta(minutes=1))
    join(store, WINDOW, much_later)
    month = date(2026, 11, 22), date(2026, 12, 22)
    (found,) = funnel.of_links(store, *month)

    assert {"1": (1, "spring"), "20": (3, "spring"), "25": (3, "spring")} == joined(
        store
    )
    assert (1, 2, 1) == (found.sign_ups, found.orders, found.repeat_orders)
    assert ({"EUR": 2 * 2935}, {"EUR": 2935}) == (found.revenue, found.repeat_revenue)


def test_of_several_clicks_the_last_counts_or_the_first(store: Store) -> None:
    links.add(store, a_link("early"), NOW)
    token = ring(store).mint(os.urandom(16))
    clicks.keep(
        store,
        [
            clicked(store, 1, token, slug="early", at=NOW - timedelta(days=2)),
            clicked(store, 2, token, slug="spring"),
        ],
    )
    take(store, bought(1, token))
    join(store, WINDOW, LATER)

    assert {"spring": 1, "early": 0} == {one.name: one.orders for one in funnels(store)}
    assert {"spring": 0, "early": 1} == {
        one.name: one.orders for one in funnels(store, by_first=True)
    }


def test_a_refund_keeps_the_join_and_takes_the_value_back(store: Store) -> None:
    tokens = [ring(store).mint(os.urandom(16)) for _ in range(3)]
    clicks.keep(store, [clicked(store, n, one) for n, one in enumerate(tokens)])
    refund = an_event(1, Kind.REFUND, LATER, value="9.35")
    cancel = an_event(2, Kind.CANCEL, LATER)
    take(store, *(bought(n, one) for n, one in enumerate(tokens)))
    take(store, bought(7, tokens[0], kind=Kind.SIGNUP))
    take(store, refund)
    take(store, cancel)
    join(store, WINDOW, LATER)
    day = date(2026, 11, 22)
    (found,) = funnel.of_links(store, day, day)
    (campaign,) = funnel.of_campaigns(store, [found], links.every(store), day, day)

    assert (3, 1, 3, {"EUR": 2935 + 2000}) == (
        found.captured, found.sign_ups, found.orders, found.revenue,
    )  # fmt: skip
    assert "49.35" == campaign.as_json()["first_party"]["revenue"]["EUR"]
    assert found.capture_ratio is None
    assert "import them" in found.says
    for clicked_there, word in (
        (2, "used elsewhere"),
        (3, "as it should"),
        (9, "audit"),
    ):
        assert word in replace(found, platform_clicks=clicked_there).says


def test_marks_that_led_nowhere_are_cleared_first(store: Store) -> None:
    token = ring(store).mint(os.urandom(16))
    clicks.keep(store, [clicked(store, 1, token)])
    take(store, bought(1, token), bought(2))
    join(store, WINDOW, LATER)

    assert 1 == join_marks.forget(store, LATER + timedelta(days=1), NOW)
    assert 2 == join_marks.forget(store, NOW, LATER + timedelta(days=1))
    assert 0 == join(store, WINDOW, LATER)
    assert {"1": (1, "spring")} == joined(store)


def test_marks_of_a_log_that_was_emptied_are_cleared_as_well(store: Store) -> None:
    take(store, bought(1, email="ada@example.org"))
    join(store, WINDOW, LATER)
    with store.write() as connection:
        connection.execute(sa.delete(deliveries))

    over = LATER + timedelta(days=1)
    assert 0 < join_marks.forget(store, over, over)
    assert 0 == join_marks.forget(store, over, over)


def test_without_a_link_nobody_is_looked_at(sqlite_url: str) -> None:
    opened = a_store(sqlite_url.replace("forwarder.db", "none.db"))
    take(opened, bought(1))

    assert 0 == join(opened, WINDOW, LATER)
    assert [] == list(join_marks.marked(opened, NOW - WINDOW, 0))
    opened.close()


def test_a_person_is_found_without_links_also_by_the_key_before(
    sqlite_url: str,
) -> None:
    old, new = (urlsafe_b64encode(bytes([n]) * 32).decode() for n in (1, 2))
    first = open_store(sqlite_url, [old])
    upgrade(first)
    take(first, bought(1, email="Ada @example.org"), at=NOW)
    mark_new(first, LATER)
    first.close()
    store = open_store(sqlite_url, [new, old])
    take(store, bought(2, email="ada@example.org"), bought(3), at=NOW)
    mark_new(store, LATER)
    marks = people.marks_of(store, [" ADA@example.org"])
    found = [line.id for line in list_deliveries(store, Filter(person=marks)).lines]

    assert (2, [2, 1]) == (len(marks), found)
    assert 0 == join_marks.forget(store, NOW, NOW)
    with store.read() as connection:
        n_marks = connection.execute(sa.select(sa.func.count(click_marks.c.mark)))
        n_marks_before = n_marks.scalar_one()
    over = LATER + timedelta(seconds=1)
    assert n_marks_before - 1 == join_marks.forget(store, over, over)
    assert [] == list(list_deliveries(store, Filter(person=marks)).lines)
    store.close()
