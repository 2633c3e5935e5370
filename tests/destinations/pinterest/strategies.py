"""Any event at all: what Hypothesis draws for the tests of this folder."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from forwarder.core.event import Consent, Event, Item, Kind, Money, Order, Person
from tests.destinations.pinterest.people import BROWSER, sha

# Half characters, NUL, emoji and novels included.
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=40)
TELLING = st.sampled_from(
    [
        "",
        "n/a",
        "NaN",
        "jane@shop.org",
        " Jane Doe <jane@shop.org>",
        "+1 (415) 555-0132",
        "0151 2345678",
        "+44 (0)20 7946 0958 x12",
        "Na",
        "José",
        "12/26/1997",
        "1997-12-26",
        "DE-BY",
        "California",
        "94107-1234",
        "US",
        "Germany",
        "8.8.8.8",
        "203.0.113.9, 10.0.0.1",
        BROWSER,
        "curl/8",
        sha("jane@shop.org"),
        sha("").upper(),
        "d41d8cd98f00b204e9800998ecf8427e",
        "\x00" * 3,
        "\ud83d\ude00\ud800",
        "9" * 30,
        "x" * 5000,
        "https://shop.org/?email=jane@shop.org&epik=1",
    ]
)
TEXT = ANYTHING | TELLING
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
MAYBE = st.none() | TEXT
NUMBERS = st.decimals()
PERSONS = st.builds(
    Person,
    email=TEXTS,
    phone=TEXTS,
    first_name=TEXTS,
    last_name=TEXTS,
    city=TEXTS,
    state=TEXTS,
    postal_code=TEXTS,
    country=TEXTS,
    date_of_birth=TEXTS,
    gender=TEXTS,
    external_id=TEXTS,
    maid=TEXTS,
    ip=MAYBE,
    user_agent=MAYBE,
    click_id=MAYBE,
)
ITEMS = st.builds(
    Item,
    id=MAYBE,
    name=MAYBE,
    brand=MAYBE,
    category=MAYBE,
    quantity=st.none() | st.integers(),
    price=st.none() | NUMBERS,
)
ORDERS = st.builds(
    Order,
    id=MAYBE,
    value=st.none() | st.builds(Money, amount=NUMBERS, currency=TEXT | st.just("EUR")),
    items=st.lists(ITEMS, max_size=3).map(tuple),
)
EVENTS = st.builds(
    Event,
    event_id=TEXT | st.just("shop:1:checkout"),
    kind=st.sampled_from(Kind),
    occurred_at=st.datetimes(timezones=st.just(UTC))
    | st.just(datetime(2026, 11, 20, tzinfo=UTC)),
    person=PERSONS,
    order=st.none() | ORDERS,
    consent=st.builds(Consent, opt_out=st.booleans(), ldp=st.booleans()),
    page_url=MAYBE,
    language=MAYBE,
    region=MAYBE,
    search=MAYBE,
)
SENT_EVENTS = st.builds(
    Event,
    event_id=st.just("shop:1:checkout"),
    kind=st.just(Kind.CHECKOUT),
    occurred_at=st.just(datetime(2026, 11, 20, tzinfo=UTC)),
    person=PERSONS.map(
        lambda one: Person(
            **{name: getattr(one, name) for name in Person.__slots__}
            | {"email": ("ada@shop.org", *one.email)}
        )
    ),
    order=st.none() | ORDERS,
    consent=st.builds(Consent, opt_out=st.booleans(), ldp=st.booleans()),
    page_url=MAYBE,
    language=MAYBE,
    region=MAYBE,
    search=MAYBE,
)
