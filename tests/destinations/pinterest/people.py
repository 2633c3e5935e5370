"""Invented people and orders that the tests of this folder share."""

import dataclasses
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from forwarder.core.event import (
    Consent,
    Event,
    Item,
    Kind,
    Money,
    Order,
    Person,
    Secret,
)
from forwarder.destinations.pinterest import PinterestSettings

BOUGHT_AT = datetime(2026, 11, 20, 10, 30, 15, 900_000, tzinfo=UTC)
BROWSER = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)

JANE = Person(
    email=(" Jane.Doe@Example.COM ",),
    phone=("+1 (415) 555-0132",),
    first_name=("Jane",),
    last_name=("Doe",),
    city=("San Francisco",),
    state=("California",),
    postal_code=("94107-1234",),
    country=("US",),
    date_of_birth=("1997-12-26",),
    gender=("Female",),
    external_id=(" Cust_42 ",),
    maid=("7A3CBEA0-BDF5-11E4-8DFC-AA07A5B093DB",),
    ip="203.0.113.9",
    user_agent=BROWSER,
    click_id="dj0yJnU9aW52ZW50ZWQ",
)
ORDER = Order(
    id="1001",
    value=Money(amount=Decimal("59.70"), currency="EUR"),
    items=(
        Item(
            id="sku-1",
            name="Linen shirt",
            brand="Loom",
            category="Shirts",
            quantity=2,
            price=Decimal("19.90"),
        ),
        Item(id="sku-2", name="Mütze", quantity=1, price=Decimal("19.9")),
    ),
)
CHECKOUT = Event(
    event_id="shopify:my-shop:1001:checkout",
    kind=Kind.CHECKOUT,
    occurred_at=BOUGHT_AT,
    person=JANE,
    order=ORDER,
    page_url="https://shop.example.org/thanks?epik=dj0yJnU9aW52&utm_source=pinterest",
    language="en-US",
    region="DE",
)
SIGNUP = Event(
    event_id="kit:letter:77:signup",
    kind=Kind.SIGNUP,
    occurred_at=BOUGHT_AT,
    person=Person(email=("ada@example.org",)),
)
LIMITED = Event(
    event_id="woocommerce:my-shop:1002:checkout",
    kind=Kind.CHECKOUT,
    occurred_at=BOUGHT_AT,
    person=Person(email=("bo@example.org",), state=("US-CA",), country=("USA",)),
    order=Order(id="1002", value=Money(amount=Decimal("1E+2"), currency="USD")),
    consent=Consent(ldp=True, opt_out=True),
)


def settings(**instead: Any) -> PinterestSettings:  # noqa: ANN401
    """Return settings that keep example.org and addresses for documentation."""
    plain: dict[str, Any] = {
        "ad_account_id": "549755885175",
        "token": Secret("pina_not-a-real-token"),
        "drop_reserved_domains": False,
    }
    return PinterestSettings(**(plain | instead))


def sha(text: str) -> str:
    """Return the SHA-256 of a text, worked out beside the code under test."""
    return sha256(text.encode("utf-8")).hexdigest()


def event(**instead: Any) -> Event:  # noqa: ANN401
    """Return the sign-up with some of its fields replaced."""
    return dataclasses.replace(SIGNUP, **instead)
