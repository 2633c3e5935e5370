"""R49: what people order within a year of their first click counts for its link."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from forwarder.clicks import repeats
from forwarder.clicks.join import LATE, join
from forwarder.clicks.repeats import Repeats, Within
from forwarder.core.event import Consent, Event, Kind, Money, Order, Person
from forwarder.store import Store, clicks, customers, join_marks, links
from forwarder.store.funnel import led
from forwarder.store.inbox import accept
from forwarder.store.people import marks_of
from forwarder.store.schema import deliveries
from forwarder.store.schema_clicks import click_marks
from forwarder.store.schema_customers import customer_marks, customer_orders
from tests.clicks.following import NOW, a_link, a_store
from tests.clicks.test_join import WINDOW, bought, clicked, ring
from tests.store.shop import an_arrival, an_event, take

DAY = timedelta(days=1)
ADA = "ada@example.org"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = a_store(database_url)
    links.add(opened, a_link(campaign="c1", pin_id="12"), NOW)
    links.add(opened, a_link("autumn", campaign="c1", pin_id="13"), NOW)
    yield opened
    opened.close()


def pays(number: int, amount: str, currency: str = "EUR", **changes: object) -> Event:
    value = Money(amount=Decimal(amount), currency=currency)
    made = bought(number, email=ADA)
    return replace(made, order=Order(id=f"{number}", value=value), **changes)  # type: ignore[arg-type]


def back(number: int, amount: str) -> Event:
    refund = an_event(number, Kind.REFUND, value=amount)
    return replace(refund, event_id=f"refund of {amount}", person=Person())


def on(store: Store, day: int, *events: Event) -> None:
    """Take events in on a day after the click, as the worker does day by day."""
    at = NOW + day * DAY + timedelta(minutes=1)
    tell(store, day, *(replace(one, occurred_at=at) for one in events))
    join(store, WINDOW, at + timedelta(minutes=5))
    forget(store, at + timedelta(minutes=5))


def tell(store: Store, day: int, *events: Event) -> None:
    """Take in a webhook of its own, which may tell again what was told before."""
    at = NOW + day * DAY + timedelta(minutes=1)
    key = f"day {day}: {events[0].event_id}"
    accept(store, an_arrival(*events, key=key, at=at))


def forget(store: Store, now: datetime) -> None:
    """Clear what the sweep clears: marks, clicks, and the log after 90 days."""
    join_marks.forget(store, now - LATE, now - 90 * DAY)
    customers.forget(store, now - customers.YEAR - LATE)
    clicks.forget(store, now - 90 * DAY, now - 30 * DAY)
    with store.write() as connection:
        old = deliveries.c.received_at < now - 90 * DAY
        connection.execute(sa.delete(deliveries).where(old))


def click(store: Store, slug: str = "spring", number: int = 1) -> str:
    token = ring(store).mint(os.urandom(16))
    clicks.keep(store, [clicked(store, number, token, slug=slug, at=NOW)])
    return token


def of_all(store: Store, day: int) -> Repeats:
    last = NOW.date() + day * DAY
    return repeats.of_year(store, links.every(store), last).all


def test_r49_one_click_two_orders_are_the_first_and_a_repeat(store: Store) -> None:
    token = click(store)
    on(store, 0, pays(1, "40", click_token=token))
    on(store, 200, pays(2, "60"))
    found = of_all(store, 200)

    assert 1 == found.people
    assert [
        Within(30, 1, 1, {"EUR": 4000}, 0, {}),
        Within(90, 1, 1, {"EUR": 4000}, 0, {}),
        Within(365, 0, 1, {"EUR": 4000}, 1, {"EUR": 6000}),
    ] == found.within


def test_r49_it_counts_for_link_campaign_and_pin_of_the_first_click(
    store: Store,
) -> None:
    on(store, 0, pays(1, "40", click_token=click(store)))
    on(store, 2, pays(2, "60", click_token=click(store, "autumn", 2)))
    told = repeats.of_year(store, links.every(store), NOW.date() + 3 * DAY)
    spring, autumn = told.links["spring"], told.links["autumn"]

    assert ({"EUR": 4000}, {"EUR": 6000}) == (
        spring.within[0].first_revenue,
        spring.within[0].repeat_revenue,
    )
    assert (0, {}) == (autumn.people, autumn.within[-1].repeat_revenue)
    assert spring == told.campaigns["c1"] == told.pins["12"] == told.all
    assert "13" in told.pins


def test_r49_the_last_second_of_a_horizon_is_in_it(store: Store) -> None:
    token = click(store)
    at = NOW + timedelta(minutes=1)
    take(store, pays(1, "40", click_token=token))
    join(store, WINDOW, at)
    for number, days in enumerate((30, 90, 365), 2):
        for more in range(2):
            exactly = NOW + days * DAY + more * timedelta(microseconds=1)
            one = pays(10 * number + more, "1", occurred_at=exactly)
            take(store, one, at=exactly)
            join(store, WINDOW, exactly + timedelta(minutes=1))
    found = repeats.of_year(store, links.every(store), NOW.date() + 364 * DAY).all
    year = customers.brought(store, NOW - DAY, NOW + 366 * DAY)

    assert [1, 3] == [one.repeat_orders for one in found.within[:2]]
    assert 5 == sum(one.n for one in year if one.is_repeat)


def test_r49_refunds_are_taken_back_also_when_the_log_is_gone(store: Store) -> None:
    on(store, 0, pays(1, "40", click_token=click(store)))
    on(store, 40, pays(2, "60"))
    refund = an_event(2, Kind.REFUND, value="10")
    on(store, 50, replace(refund, person=Person()))
    on(store, 51, replace(an_event(1, Kind.CANCEL), person=Person()))
    on(store, 200, pays(3, "5", "USD"))
    found = of_all(store, 200)

    assert Within(90, 1, 1, {"EUR": 0}, 1, {"EUR": 5000}) == found.within[1]
    assert {"EUR": 5000, "USD": 500} == found.within[2].repeat_revenue


def test_r49_what_comes_again_after_the_log_forgot_it_counts_once(
    store: Store,
) -> None:
    first, other = pays(1, "100", click_token=click(store)), pays(2, "10")
    on(store, 0, first)
    on(store, 1, back(1, "30"))
    on(store, 5, other)
    on(store, 94, pays(8, "1", person=Person(email=("eve@example.org",))))
    on(store, 96, back(1, "50"))  # of its own, or with all the order's refunds again:
    on(store, 97, back(1, "30"), replace(first, click_token=None), other)
    year = of_all(store, 98).within[2]

    assert (1, {"EUR": 2000}) == (year.first_orders, year.first_revenue)
    assert (1, {"EUR": 1000}) == (year.repeat_orders, year.repeat_revenue)


def test_an_order_by_a_code_that_comes_again_stays_tied_once(store: Store) -> None:
    links.add(store, a_link("coded", code="TEN"), NOW)
    coded = Order(id="1", value=None, discount_codes=("TEN",))
    order = replace(pays(1, "1"), order=coded, occurred_at=NOW)
    for day in (0, 94, 96):
        tell(store, day, order, pays(day + 5, "1"))
        join(store, WINDOW, NOW + day * DAY + timedelta(minutes=5))
        forget(store, NOW + day * DAY + timedelta(minutes=5))

    assert [("coded", 1)] == [
        (one.slug, one.n) for one in led(store, NOW - DAY, NOW + DAY)
    ]


def test_r49_of_sums_paid_back_so_far_the_largest_counts(store: Store) -> None:
    on(store, 0, pays(1, "100", click_token=click(store)))
    pay_back_so_far(store, 1, "30")
    pay_back_so_far(store, 2, "50")
    (link,) = led(store, NOW - DAY, NOW + DAY)
    forget(store, NOW + 95 * DAY)
    pay_back_so_far(store, 100, "80")

    assert 5000 == link.undone_minor
    assert {"EUR": 2000} == of_all(store, 101).within[2].first_revenue


def pay_back_so_far(store: Store, day: int, amount: str) -> None:
    at = NOW + day * DAY
    told = an_arrival(back(1, amount), at=at)
    accept(store, replace(told, source="lemonsqueezy"))
    join(store, WINDOW, at + timedelta(minutes=5))


def test_r49_a_refund_that_came_before_its_order_was_tied(store: Store) -> None:
    token = click(store)
    refund = replace(an_event(1, Kind.REFUND, NOW, value="15"), person=Person())
    on(store, 0, refund)
    on(store, 0, pays(1, "40", click_token=token))

    assert {"EUR": 2500} == of_all(store, 1).within[0].first_revenue


def test_r49_who_signed_up_first_and_tells_another_address_later(store: Store) -> None:
    token = click(store)
    sign_up = bought(1, token, kind=Kind.SIGNUP, email=ADA)
    on(store, 0, sign_up)
    both = Person(email=(ADA,), phone=("+15550100",))
    on(store, 60, pays(2, "40", person=both))
    on(store, 100, pays(3, "60", person=Person(phone=("+15550100",))))
    found = of_all(store, 100)

    assert (1, {"EUR": 4000}, {"EUR": 6000}) == (
        found.people,
        found.within[2].first_revenue,
        found.within[2].repeat_revenue,
    )


def test_r49_who_bought_before_the_click_buys_again(store: Store) -> None:
    on(store, -1, pays(1, "99"))
    on(store, 0, pays(2, "40", click_token=click(store)))

    assert Within(30, 0, 0, {}, 1, {"EUR": 4000}) == of_all(store, 1).within[0]


def test_r49_running_again_changes_nothing_and_a_code_is_no_click(store: Store) -> None:
    links.add(store, a_link("coded", code="TEN"), NOW)
    on(store, 0, pays(1, "40", click_token=click(store)))
    value = Money(amount=Decimal(60), currency="EUR")
    coded = Order(id="2", value=value, discount_codes=("TEN",))
    on(store, 0, replace(bought(2, email="eve@example.org"), order=coded))
    before = of_all(store, 1)
    join(store, WINDOW, NOW + DAY)

    assert before == of_all(store, 1)
    assert (1, {"EUR": 4000}) == (before.people, before.within[0].first_revenue)


@pytest.mark.parametrize("refused", [Consent(denied=True), Consent(opt_out=True)])
def test_r49_who_refused_is_not_followed(store: Store, refused: Consent) -> None:
    on(store, 0, pays(1, "40", click_token=click(store), consent=refused))
    on(store, 1, pays(2, "60", consent=refused))
    with store.read() as connection:
        tied = connection.execute(sa.select(click_marks.c.delivery_id)).scalars().all()

    assert ([0], 0) == (tied, of_all(store, 1).people)  # the mark of what was looked at


def test_r49_after_a_year_nobody_is_known_and_the_sums_stay(store: Store) -> None:
    on(store, 0, pays(1, "40", click_token=click(store)))
    on(store, 364, pays(2, "60"))
    forget(store, NOW + 373 * DAY)
    with store.read() as connection:
        marks = connection.execute(sa.select(customer_marks)).all()
    on(store, 374, pays(3, "80"))
    kept = customers.brought(store, NOW - DAY, NOW + 400 * DAY)

    assert [] == marks
    assert [4000, 6000] == [one.minor for one in kept]


def test_a_customer_who_is_erased_leaves_no_order_of_any_age(store: Store) -> None:
    on(store, 0, pays(1, "40", click_token=click(store)))
    eve = pays(2, "7", click_token=click(store, "autumn", 2))
    on(store, 0, replace(eve, person=Person(email=("eve@example.org",))))
    on(store, 200, pays(3, "60"))
    customers.erase(store, marks_of(store, ["Ada@Example.org"]), "my-shop")
    with store.read() as connection:
        left = connection.execute(sa.select(customer_orders.c.order_id)).scalars().all()

    assert ["2"] == left
    customers.erase(store, None, "other-shop")
    assert 1 == of_all(store, 200).people
    customers.erase(store, None, "my-shop")
    assert 0 == of_all(store, 200).people
