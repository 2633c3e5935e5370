"""BigCommerce, Squarespace and HubSpot tell ids; the rest is looked up."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from forwarder import outside
from forwarder.core.delivery import Deferred
from forwarder.core.event import Event, Item, Kind, Money, Notice, Order, Person
from forwarder.core.source import Options
from forwarder.enrich import look_up
from forwarder.samples import load
from forwarder.sources import SOURCES
from tests.apis import (
    FakeApi,
    FakeBigCommerce,
    FakeHubSpot,
    FakeSquarespace,
    Reply,
    running,
)

ORDER: dict[str, Any] = {
    "id": 900100,
    "status_id": 11,
    "customer_id": 77,
    "date_created": "Sun, 01 Nov 2026 11:58:03 +0000",
    "order_source": "www",
    "total_inc_tax": "59.9000",
    "subtotal_ex_tax": "45.0000",
    "total_tax": "9.5600",
    "shipping_cost_ex_tax": "5.3400",
    "discount_amount": "0.0000",
    "currency_code": "EUR",
    "default_currency_code": "EUR",
    "ip_address": "192.0.2.44",
    "is_deleted": False,
    "customer_locale": "de",
    "billing_address": {
        "first_name": "Ilse",
        "last_name": "Brandt",
        "city": "Berlin",
        "state": "Berlin",
        "zip": "10999",
        "country": "Germany",
        "country_iso2": "DE",
        "phone": "+4930900100",
        "email": "ilse@readers.example.com",
        "form_fields": [{"name": "epik", "value": "dj0yJnU9form"}],
    },
}
PRINT = {
    "product_id": 5,
    "variant_id": 51,
    "sku": "PR-5",
    "name": "Print",
    "brand": "Atelier",
    "price_inc_tax": "29.95",
    "quantity": 2,
}
ILSE = Person(
    email=("ilse@readers.example.com",),
    phone=("+4930900100",),
    first_name=("Ilse",),
    last_name=("Brandt",),
    city=("Berlin",),
    state=("Berlin",),
    postal_code=("10999",),
    country=("DE",),
    external_id=("77",),
    ip="192.0.2.44",
    click_id="dj0yJnU9form",
)
SPACE: dict[str, Any] = {
    "id": "685d498fdee9f31a900100",
    "createdOn": "2026-11-01T11:58:03.187Z",
    "channel": "web",
    "testmode": False,
    "customerEmail": "aino@readers.example.com",
    "customerId": "c-9",
    "billingAddress": {
        "firstName": "Aino",
        "lastName": "Korpi",
        "city": "Oulu",
        "state": "",
        "postalCode": "90100",
        "countryCode": "FI",
        "phone": "+358401234567",
    },
    "lineItems": [
        {
            "variantId": "v-1",
            "productId": "p-1",
            "sku": "SQ1",
            "productName": "Mug",
            "quantity": 1,
            "unitPricePaid": {"value": "18.00", "currency": "EUR"},
            "customizations": [{"label": "pin_ua", "value": "Mozilla/5.0 (X)"}],
        }
    ],
    "formSubmission": [{"label": "Pin IP", "value": "192.0.2.9"}],
    "subtotal": {"value": "18.00", "currency": "EUR"},
    "shippingTotal": {"value": "4.00", "currency": "EUR"},
    "taxTotal": {"value": "3.00", "currency": "EUR"},
    "grandTotal": {"value": "25.00", "currency": "EUR"},
    "fulfillmentStatus": "PENDING",
}


@pytest.fixture
def shop() -> Iterator[FakeBigCommerce]:
    root = "/v2/orders/900100"
    things = {
        root: ORDER,
        "/v3/customers/subscribers/900100": {
            "data": {"id": 900100, "email": "a@readers.example.com"}
        },
        "/v3/carts/b0386708-0000-4000-8000-000000900100": {
            "data": {
                "email": "c@readers.example.com",
                "customer_id": 0,
                "currency": {"code": "EUR"},
                "cart_amount": 29.95,
                "line_items": {"physical_items": [PRINT], "digital_items": []},
            }
        },
    }
    rows = {
        f"{root}/products": [PRINT],
        "/v3/customers": [
            {"id": 900100, "email": "b@readers.example.com", "first_name": "Bo"}
        ],
    }
    with running(FakeBigCommerce(things=things, rows=rows)) as api:
        assert isinstance(api, FakeBigCommerce)
        yield api


@pytest.fixture
def space() -> Iterator[FakeSquarespace]:
    with running(FakeSquarespace(orders=[SPACE])) as api:
        assert isinstance(api, FakeSquarespace)
        yield api


@pytest.fixture
def crm() -> Iterator[FakeHubSpot]:
    contact = {
        "email": "ilse@readers.example.com",
        "firstname": "Ilse",
        "epik": "dj0yJnU9crm",
        "never_asked_for": "x",
    }
    deal = {"amount": "120.50", "deal_currency_code": "EUR"}
    things = {"contacts/900100": contact, "contacts/5": contact, "deals/900100": deal}
    with running(
        FakeHubSpot(things=things, contacts_of={"deals/900100": ["5"]})
    ) as api:
        assert isinstance(api, FakeHubSpot)
        yield api


def options(api: FakeApi, **more: object) -> Options:
    tail = "/stores/example1" if isinstance(api, FakeBigCommerce) else ""
    return Options(shop="s", api_key=api.key, api_url=f"{api.url}{tail}", **more)


def thin(source: str, case: str, chosen: Options) -> Event:
    (event,) = SOURCES[source].parse(load(source, case), chosen).events
    return event


def ask(api: FakeApi, source: str, case: str, **more: object) -> Event | Deferred | str:
    chosen = options(api, **more)
    with outside.session(allow_private=True, any_port=True) as session:
        return look_up(source, chosen, session)(thin(source, case, chosen))


def found(api: FakeApi, source: str, case: str, **more: object) -> Event:
    event = ask(api, source, case, **more)
    assert isinstance(event, Event), event
    assert (None, None) == (event.enrich, event.enrich_ref)
    return event


def test_an_order_of_bigcommerce_is_filled_in(shop: FakeBigCommerce) -> None:
    event = found(shop, "bigcommerce", "order-status-updated")

    assert "bigcommerce:s:900100:checkout" == event.event_id
    assert ILSE == event.person
    assert datetime(2026, 11, 1, 11, 58, 3, tzinfo=UTC) == event.occurred_at
    assert (
        Order(
            id="900100",
            value=Money(amount=Decimal("59.9000"), currency="EUR"),
            items=(
                Item(
                    id="51",
                    name="Print",
                    brand="Atelier",
                    quantity=2,
                    price=Decimal("29.95"),
                ),
            ),
        )
        == event.order
    )
    assert () == event.warnings


def test_every_page_of_order_lines_is_read(shop: FakeBigCommerce) -> None:
    lines = [{**PRINT, "variant_id": number} for number in range(600)]
    shop.rows["/v2/orders/900100/products"] = lines
    event = found(shop, "bigcommerce", "order-status-updated")

    assert event.order is not None
    assert [str(n) for n in range(1, 600)] == [i.id for i in event.order.items[1:]]


@pytest.mark.parametrize(
    ("change", "skip"),
    [
        ({"status_id": 5}, "order_cancelled"),
        ({"status_id": 4}, "order_cancelled"),
        ({"is_deleted": True}, "order_cancelled"),
        ({"order_source": "manual"}, "offline_order"),
    ],
)
def test_an_order_that_turns_out_to_be_none_is_skipped(
    shop: FakeBigCommerce, change: dict[str, Any], skip: str
) -> None:
    shop.things["/v2/orders/900100"] = ORDER | change

    assert skip == found(shop, "bigcommerce", "order-status-updated").skip


@pytest.mark.parametrize(
    ("basis", "amount"), [("total", "59.9"), ("subtotal", "45"), ("net", "45")]
)
def test_the_value_is_on_the_basis_of_the_endpoint(
    shop: FakeBigCommerce, basis: str, amount: str
) -> None:
    event = found(shop, "bigcommerce", "order-status-updated", value_basis=basis)

    assert event.order is not None
    assert event.order.value is not None
    assert Decimal(amount) == event.order.value.amount


@pytest.mark.parametrize(
    ("case", "kind", "email"),
    [
        ("customer-created", Kind.SIGNUP, "b@readers.example.com"),
        ("subscriber-created", Kind.SIGNUP, "a@readers.example.com"),
        ("cart-line-item-created", Kind.ADD_TO_CART, "c@readers.example.com"),
    ],
)
def test_people_and_carts_of_bigcommerce_are_filled_in(
    shop: FakeBigCommerce, case: str, kind: Kind, email: str
) -> None:
    event = found(shop, "bigcommerce", case)

    assert (kind, (email,)) == (event.kind, event.person.email)


def test_a_customer_who_is_gone_is_told(shop: FakeBigCommerce) -> None:
    shop.rows["/v3/customers"] = []
    told = ask(shop, "bigcommerce", "customer-created")

    assert "not looked up: BigCommerce does not know it any more" == told


def test_an_order_of_squarespace_is_filled_in(space: FakeSquarespace) -> None:
    event = found(space, "squarespace", "order-create")

    assert "squarespace:s:685d498fdee9f31a900100:checkout" == event.event_id
    assert ("aino@readers.example.com",) == event.person.email
    assert ("192.0.2.9", "Mozilla/5.0 (X)") == (
        event.person.ip,
        event.person.user_agent,
    )
    assert event.order is not None
    assert Money(amount=Decimal("25.00"), currency="EUR") == event.order.value
    assert "v-1" == event.order.items[0].id


@pytest.mark.parametrize(
    ("change", "skip"),
    [
        ({"testmode": True}, "test_order"),
        ({"channel": "pos"}, "offline_order"),
        ({"fulfillmentStatus": "CANCELED"}, "order_cancelled"),
    ],
)
def test_a_squarespace_order_that_must_not_be_sent_is_skipped(
    space: FakeSquarespace, change: dict[str, Any], skip: str
) -> None:
    space.orders = [SPACE | change]

    assert skip == found(space, "squarespace", "order-create").skip


def test_a_contact_of_hubspot_is_filled_in(crm: FakeHubSpot) -> None:
    event = found(crm, "hubspot", "contact-creation")

    assert Kind.LEAD == event.kind
    assert ("ilse@readers.example.com",) == event.person.email
    assert "dj0yJnU9crm" == event.person.click_id


def test_a_deal_brings_its_amount_and_its_contact(crm: FakeHubSpot) -> None:
    event = found(crm, "hubspot", "deal-won")

    assert event.order is not None
    assert Money(amount=Decimal("120.50"), currency="EUR") == event.order.value
    assert (("ilse@readers.example.com",), ("5",)) == (
        event.person.email,
        event.person.external_id,
    )


def test_a_deal_without_a_contact_says_so(crm: FakeHubSpot) -> None:
    crm.contacts_of = {}

    assert "the deal has no contact" in found(crm, "hubspot", "deal-won").warnings


APIS = [
    ("bigcommerce", "order-status-updated", FakeBigCommerce),
    ("squarespace", "order-create", FakeSquarespace),
    ("hubspot", "contact-creation", FakeHubSpot),
]


@pytest.mark.parametrize(("source", "case", "fake"), APIS)
@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        ((429, {"Retry-After": "7"}, None), ("rate_limited", 7.0)),
        ((503, {}, None), ("server_error", None)),
        ((200, {}, b"<html>"), ("server_error", None)),
    ],
)
def test_trouble_over_there_means_later(
    source: str,
    case: str,
    fake: type[FakeApi],
    trouble: Reply,
    told: tuple[str, float | None],
) -> None:
    with running(fake(trouble=[trouble])) as api:
        later = ask(api, source, case)

    assert isinstance(later, Deferred)
    assert told == (later.reason, later.retry_after_s)


@pytest.mark.parametrize(("source", "case", "fake"), APIS)
def test_a_wrong_key_is_told_in_a_sentence_without_it(
    source: str, case: str, fake: type[FakeApi]
) -> None:
    with running(fake()) as api:
        chosen = replace(options(api), api_key="another-key-entirely")
        with outside.session(allow_private=True, any_port=True) as session:
            told = look_up(source, chosen, session)(thin(source, case, chosen))

    assert isinstance(told, str)
    assert "does not know the" in told
    assert "another-key-entirely" not in told


@pytest.mark.parametrize(("source", "case", "_fake"), APIS)
@pytest.mark.parametrize(
    "ref", [None, "", "orders/../x", "a/b/c", "deals/x", "https://x"]
)
def test_an_id_that_is_none_is_never_asked_for(
    source: str, case: str, _fake: object, ref: str | None
) -> None:
    with running(FakeApi()) as api:
        chosen = options(api)
        event = replace(thin(source, case, chosen), enrich_ref=ref)
        with outside.session(allow_private=True, any_port=True) as session:
            told = look_up(source, chosen, session)(event)

    assert isinstance(told, str)
    assert [] == api.asked


@pytest.mark.parametrize(("source", "case", "_fake"), APIS)
def test_without_a_key_the_event_says_what_it_lacks(
    source: str, case: str, _fake: object
) -> None:
    event = thin(source, case, Options(shop="s"))

    assert event.enrich is None
    assert f"{source}: not looked up, no api_key is set" in event.warnings


def test_an_address_inside_is_not_called() -> None:
    chosen = Options(shop="s", api_key="k", api_url="http://169.254.169.254/stores/x")
    event = thin("bigcommerce", "order-status-updated", chosen)
    with outside.session(allow_private=True, any_port=True) as session:
        told = look_up("bigcommerce", chosen, session)(event)

    assert isinstance(told, str)
    assert told.startswith("not asked: ")


def test_the_store_is_the_one_that_the_notice_names() -> None:
    chosen = Options(shop="s", api_key="k")
    (event,) = (thin("bigcommerce", "order-status-updated", chosen),)

    assert "example1 orders/900100" == event.enrich_ref


def test_a_notice_without_its_store_needs_an_address() -> None:
    chosen = Options(shop="s", api_key="k")
    notice = load("bigcommerce", "order-status-updated")
    body = notice.body.replace(b"stores/example1", b"stores/{store_hash}")
    (event,) = (
        SOURCES["bigcommerce"].parse(Notice(headers={}, body=body), chosen).events
    )
    with outside.session() as session:
        told = look_up("bigcommerce", chosen, session)(event)

    assert "not looked up: the notice tells neither the store nor an id" == told
