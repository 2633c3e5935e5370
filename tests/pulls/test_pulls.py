"""What each platform tells afterwards is what its webhooks would have told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from forwarder import outside
from forwarder.asking import NoAnswer
from forwarder.core.delivery import Deferred
from forwarder.core.event import Event, Kind, Notice
from forwarder.core.source import Options
from forwarder.pulls import ORDERS, PEOPLE, PULLS, Access
from forwarder.pulls.access import api
from forwarder.sources import SOURCES
from tests.apis import (
    FakeApi,
    FakeBigCommerce,
    FakeGhost,
    FakeGumroad,
    FakeList,
    FakePaddle,
    FakeShopify,
    FakeSquarespace,
    FakeStripe,
    FakeWoo,
    running,
)
from tests.pulls.rows import (
    SINCE,
    at,
    big_order,
    ghost_member,
    gumroad_sale,
    kit_person,
    kit_purchase,
    mailchimp_person,
    mailerlite_person,
    paddle_customer,
    paddle_transaction,
    shopify_customer,
    shopify_order,
    space_order,
    stripe_event,
    woo_customer,
    woo_order,
)

UNTIL = SINCE + timedelta(days=2)
N = 620  # several pages everywhere


def many(make: Callable[[int], dict[str, Any]], n: int = N) -> list[dict[str, Any]]:
    return [make(number) for number in range(n)]


def access(fake: FakeApi, naps: list[float] | None = None) -> Access:
    tail = "/stores/example1" if isinstance(fake, FakeBigCommerce) else ""
    options = Options(shop="s", api_key=fake.key, api_url=f"{fake.url}{tail}")
    session = outside.session(allow_private=True, any_port=True)
    slept = [] if naps is None else naps
    return Access(
        options=options, session=session, since=SINCE, until=UNTIL, nap=slept.append
    )


def pulled(fake: FakeApi, source: str, what: str) -> list[Notice]:
    with running(fake):
        return list(PULLS[source][what](access(fake)))


def events(source: str, notices: list[Notice]) -> list[Event]:
    options = Options(shop="s", api_key="k")
    found = [SOURCES[source].parse(notice, options) for notice in notices]
    return [event for reading in found for event in reading.events]


CASES = [
    ("shopify", ORDERS, lambda: FakeShopify(rows={"orders": many(shopify_order)})),
    (
        "shopify",
        PEOPLE,
        lambda: FakeShopify(rows={"customers": many(shopify_customer)}),
    ),
    ("woocommerce", ORDERS, lambda: FakeWoo(rows={"orders": many(woo_order)})),
    ("woocommerce", PEOPLE, lambda: FakeWoo(rows={"customers": many(woo_customer)})),
    ("stripe", ORDERS, lambda: FakeStripe(rows=many(stripe_event))),
    (
        "bigcommerce",
        ORDERS,
        lambda: FakeBigCommerce(rows={"/v2/orders": many(big_order)}),
    ),
    (
        "bigcommerce",
        PEOPLE,
        lambda: FakeBigCommerce(
            rows={"/v3/customers": many(big_order), "/v3/customers/subscribers": []}
        ),
    ),
    ("squarespace", ORDERS, lambda: FakeSquarespace(orders=many(space_order))),
    ("ghost", PEOPLE, lambda: FakeGhost(members=many(ghost_member))),
    ("gumroad", ORDERS, lambda: FakeGumroad(sales=many(gumroad_sale))),
    ("kit", ORDERS, lambda: FakeList(purchases=many(kit_purchase))),
    (
        "paddle",
        ORDERS,
        lambda: FakePaddle(transactions=many(paddle_transaction)),
    ),
    ("paddle", PEOPLE, lambda: FakePaddle(customers=many(paddle_customer))),
    ("kit", PEOPLE, lambda: FakeList(people=many(kit_person))),
    ("mailerlite", PEOPLE, lambda: FakeList(people=many(mailerlite_person))),
    ("mailchimp", PEOPLE, lambda: FakeList(people=many(mailchimp_person, 1500))),
]


@pytest.mark.parametrize(("source", "what", "fake"), CASES)
def test_every_page_is_told_once_with_its_true_times(
    source: str, what: str, fake: Callable[[], FakeApi]
) -> None:
    found = events(source, pulled(fake(), source, what))
    n = 1500 if source == "mailchimp" else N

    assert n == len({event.event_id for event in found}) == len(found)
    assert {at(number) for number in range(n)} == {event.occurred_at for event in found}
    assert {Kind.CHECKOUT if what == ORDERS else Kind.SIGNUP} == {
        event.kind for event in found
    }


def test_every_platform_on_the_roll_is_examined() -> None:
    assert {(source, what) for source, what, _ in CASES} | {("stripe", PEOPLE)} == {
        (source, what) for source, parts in PULLS.items() for what in parts
    }


def test_the_people_of_stripe_are_told_by_their_own_events() -> None:
    rows = [
        {
            **stripe_event(n),
            "type": "customer.created",
            "data": {"object": {"id": f"c{n}"}},
        }
        for n in range(3)
    ]

    assert 3 == len(events("stripe", pulled(FakeStripe(rows=rows), "stripe", PEOPLE)))


@pytest.mark.parametrize(("source", "what", "fake"), CASES)
def test_a_platform_that_asks_for_patience_gets_it(
    source: str, what: str, fake: Callable[[], FakeApi]
) -> None:
    there, naps = fake(), []
    there.trouble = [(429, {"Retry-After": "3"}, None), (502, {}, b"oops")]
    with running(there):
        first = next(PULLS[source][what](access(there, naps)))

    assert first.body
    assert [3.0, 4.0] == naps


@pytest.mark.parametrize(("source", "what", "fake"), CASES)
def test_patience_ends(source: str, what: str, fake: Callable[[], FakeApi]) -> None:
    there = fake()
    there.trouble = [(503, {}, None)] * 5
    with running(there), pytest.raises(NoAnswer) as none:
        next(PULLS[source][what](access(there)))

    assert isinstance(none.value.outcome, Deferred)


@pytest.mark.parametrize(("source", "what", "fake"), CASES)
def test_a_wrong_key_is_told_at_once_and_not_shown(
    source: str, what: str, fake: Callable[[], FakeApi]
) -> None:
    there = fake()
    with running(there):
        wrong = access(there)
        wrong = replace(wrong, options=replace(wrong.options, api_key="someone-elses"))
        with pytest.raises(NoAnswer, match="does not know the api_key") as none:
            next(PULLS[source][what](wrong))

    assert "someone-elses" not in str(none.value)
    assert 1 == len(there.asked)


@pytest.mark.parametrize("said", [b'"x"', b"{}", b'{"orders": null}', b'["x"]'])
@pytest.mark.parametrize(("source", "what", "fake"), CASES)
def test_an_answer_without_a_list_is_no_empty_one(
    source: str, what: str, fake: Callable[[], FakeApi], said: bytes
) -> None:
    there = fake()
    there.trouble = [(200, {}, said)]
    with running(there), pytest.raises(NoAnswer, match="answered without a list of"):
        next(PULLS[source][what](access(there)))


@pytest.mark.parametrize(("source", "what", "fake"), CASES)
def test_a_platform_that_tells_without_end_is_cut_off_and_that_is_said(
    source: str,
    what: str,
    fake: Callable[[], FakeApi],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("forwarder.pulls.access.MAX_PAGES", 1)
    with running(fake()) as there, pytest.raises(NoAnswer, match="beyond 1 pages"):
        list(PULLS[source][what](access(there)))


def test_bigcommerce_says_nothing_where_it_has_no_orders() -> None:
    there = FakeBigCommerce(rows={"/v2/orders": []})
    there.trouble = [(204, {}, None)]

    assert [] == pulled(there, "bigcommerce", ORDERS)


@pytest.mark.parametrize("source", ["shopify", "woocommerce", "bigcommerce"])
def test_a_shop_of_its_own_needs_its_address(source: str) -> None:
    options = Options(shop="s", api_key="k")
    asking = replace(access(FakeApi(url="http://127.0.0.1:1")), options=options)

    with pytest.raises(NoAnswer, match="set api_url"):
        next(PULLS[source][ORDERS](asking))


def test_a_key_of_mailchimp_names_its_data_centre() -> None:
    options = Options(shop="s", api_key="0123456789abcdef-us21")
    asking = replace(access(FakeApi(url="http://127.0.0.1:1")), options=options)
    account = asking.to("mailchimp", api("Mailchimp"))

    assert "https://us21.api.mailchimp.com" == account.base_url
    assert "0123456789abcdef" not in repr(account)


def test_who_was_imported_is_no_sign_up() -> None:
    lite = [{**mailerlite_person(0), "source": "import"}, mailerlite_person(1)]
    chimp = [{**mailchimp_person(0), "source": "Import"}, mailchimp_person(1)]

    assert 1 == len(pulled(FakeList(people=lite), "mailerlite", PEOPLE))
    assert 1 == len(pulled(FakeList(people=chimp), "mailchimp", PEOPLE))


def test_what_lies_outside_of_the_window_is_left_out() -> None:
    early = {"created_at": (SINCE - timedelta(hours=1)).isoformat()}
    late = {"created_at": UNTIL.isoformat()}
    people = [{**kit_person(n), **when} for n, when in enumerate((early, late, {}))]

    assert 1 == len(pulled(FakeList(people=people), "kit", PEOPLE))
