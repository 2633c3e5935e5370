"""How many events a core turns into Pinterest payloads, beside a naive mapping.

20,000 different people, so that no cache of ours knows them; their towns, first names
and browsers repeat as they do in life. Every rule and the last guard are on.
"""

import json
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from jsonschema import Draft202012Validator

from forwarder.core.delivery import Encoded
from forwarder.core.event import Event, Item, Kind, Money, Order, Person, Secret
from forwarder.destinations.pinterest.guard import is_safe
from forwarder.destinations.pinterest.identity import Identity
from forwarder.destinations.pinterest.payload import Encoder
from forwarder.destinations.pinterest.settings import PinterestSettings

N_PEOPLE: Final = 20_000
N_ROUNDS: Final = 7
N_CHECKED: Final = 2_000  # jsonschema is slow; this many show how slow
GOAL_PER_CPU_S: Final = 30_000.0
HASH_GOAL_PER_CPU_S: Final = 67_485.0
Work = Callable[[Sequence[Event]], object]
STARTED_AT: Final = datetime(2026, 11, 1, tzinfo=UTC)

_FIRST: Final = (
    "Jane",
    "John",
    "Mary",
    "Ann",
    "José",
    "Zoë",
    "Lena",
    "Paul",
    "Ada",
    "Noor",
    "Omar",
    "Ivy",
    "Max",
    "Eva",
    "Tom",
    "Mia",
    "Leo",
    "Amy",
    "Kai",
    "Uma",
    "Ben",
    "Ida",
    "Sam",
    "Joy",
    "Roy",
    "Fay",
    "Hal",
    "Dot",
    "Gus",
    "Nan",
)
_LAST: Final = (
    "Doe",
    "Smith",
    "Müller",
    "O'Brien",
    "Garcia",
    "Lee",
    "Kim",
    "Nguyen",
    "Rossi",
    "Silva",
    "Novak",
    "Cohen",
    "Ali",
    "Khan",
    "Brown",
    "Jones",
    "Moreau",
    "Weber",
    "Fischer",
    "Larsen",
)
_PLACES: Final = (
    ("US", "California", "San Francisco", "94107-1234", "+1 (415) 555-01{:02}"),
    ("US", "NY", "New York", "10001", "212-555-01{:02}"),
    ("US", "Missouri", "St. Louis", "63101", "314.555.01{:02}"),
    ("GB", "England", "London", "SW1A 1AA", "020 7946 09{:02}"),
    ("DE", "BY", "München", "80331", "+49 151 23456{:02}"),
    ("CA", "Ontario", "Ottawa", "K1A 0B1", "+1 613 555 01{:02}"),
    ("FR", "IDF", "Paris", "75001", "01 99 00 12 {:02}"),
    ("BR", "SP", "São Paulo", "01310-100", "+55 11 96123 45{:02}"),
)
_ITEMS: Final = tuple(
    Item(
        id=f"sku-{n}",
        name=f"Linen shirt no. {n}",
        brand="Loom",
        category="Shirts",
        quantity=n % 3 + 1,
        price=Decimal("19.90") + n,
    )
    for n in range(40)
)


def person(n: int) -> Person:
    """Return one of many people: e-mail, phone, id and address are theirs alone."""
    country, state, city, code, phone = _PLACES[n % len(_PLACES)]
    first, last = _FIRST[n % len(_FIRST)], _LAST[n * 7 % len(_LAST)]
    return Person(
        email=(f" {first}.{last}{n}@shop-mail.org ",),
        phone=(phone.format(n % 100)[:-4] + f"{n * 7919 % 10_000:04}",),
        first_name=(first,),
        last_name=(last,),
        city=(city,),
        state=(state,),
        postal_code=(code,),
        country=(country,),
        external_id=(f"Cust_{n}",),
        ip=f"8.{n >> 16}.{n >> 8 & 255}.{n & 255}",
        user_agent=(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
            f"(KHTML, like Gecko) Chrome/{100 + n % 40}.0.{n % 20}.0 Safari/537.36"
        ),
        click_id=f"dj0yJnU9{n:012x}",
    )


def event(n: int) -> Event:
    """Return a checkout of three items."""
    return Event(
        event_id=f"shopify:bench:{n}:checkout",
        kind=Kind.CHECKOUT,
        occurred_at=STARTED_AT + timedelta(seconds=n),
        person=person(n),
        order=Order(
            id=str(1_000_000 + n),
            value=Money(amount=Decimal(n % 500) + Decimal("9.95"), currency="EUR"),
            items=tuple(_ITEMS[(n * k) % len(_ITEMS)] for k in (1, 3, 7)),
        ),
        page_url=f"https://shop.example.org/thanks?epik=dj0yJnU9{n:x}",
        language="en-US",
        region="US",
    )


def _naive_lists(person: Person) -> dict[str, list[str]]:
    """Hash as the least one can do: trimmed, in small letters, by no other rule."""
    pairs = {
        "em": person.email,
        "ph": person.phone,
        "fn": person.first_name,
        "ln": person.last_name,
        "ct": person.city,
        "st": person.state,
        "zp": person.postal_code,
        "country": person.country,
        "external_id": person.external_id,
    }
    return {
        key: [sha256(one.strip().lower().encode()).hexdigest() for one in values]
        for key, values in pairs.items()
    }


def _naive_event(told: Event) -> dict[str, Any]:
    order = told.order or Order()
    value = order.value or Money(amount=Decimal(0), currency="EUR")
    person = told.person
    return {
        "event_name": told.kind.value,
        "action_source": "web",
        "event_time": int(told.occurred_at.timestamp()),
        "event_id": told.event_id,
        "event_source_url": told.page_url,
        "language": "en",
        "custom_data": {
            "value": str(value.amount),
            "currency": value.currency,
            "order_id": order.id,
            "num_items": sum(item.quantity or 0 for item in order.items),
            "content_ids": [item.id for item in order.items],
            "contents": [
                {
                    "id": item.id,
                    "item_name": item.name,
                    "item_brand": item.brand,
                    "item_category": item.category,
                    "quantity": item.quantity,
                    "item_price": str(item.price),
                }
                for item in order.items
            ],
        },
        "user_data": {
            **_naive_lists(person),
            "client_ip_address": person.ip,
            "client_user_agent": person.user_agent,
            "click_id": person.click_id,
        },
    }


def _naive_batch(batch: Sequence[Event]) -> bytes:
    return json.dumps({"data": [_naive_event(one) for one in batch]}).encode()


def _our_batch(encoder: Encoder, batch: Sequence[Event]) -> bytes:
    bodies = []
    for one in batch:
        encoded = encoder.encode(one)
        if not isinstance(encoded, Encoded) or not is_safe(encoded.body):
            raise ValueError("the bench's own events must all be fit to send")
        bodies.append(encoded.body)
    return b'{"data":[' + b",".join(bodies) + b"]}"


def _cpu_s(work: Work, batch: Sequence[Event]) -> float:
    started_s = time.process_time()
    work(batch)
    return time.process_time() - started_s


def _pair(ours: Work, baseline: Work, size: int, n_events: int) -> tuple[float, float]:
    """Return events per CPU-second of both, batch by batch, side by side.

    A batch is made just before, as a worker opens it just before; it is not counted.
    """
    spent_s = {ours: 0.0, baseline: 0.0}
    for start in range(0, n_events, size):
        batch = [event(n) for n in range(start, start + size)]
        both = (ours, baseline) if start // size % 2 else (baseline, ours)
        for work in both:
            spent_s[work] += _cpu_s(work, batch)
    return n_events / spent_s[ours], n_events / spent_s[baseline]


def _row(
    name: str,
    baseline_name: str,
    pairs: Sequence[tuple[float, float]],
    goal: float,
) -> dict[str, Any]:
    ours, base = zip(*pairs, strict=True)
    ratios = [one / other for one, other in pairs]
    return {
        "name": name,
        "unit": "events per CPU-second",
        "ours": round(statistics.median(ours)),
        "ours_range": [round(min(ours)), round(max(ours))],
        "baseline": round(statistics.median(base)),
        "baseline_name": baseline_name,
        "ratio": {
            "min": round(min(ratios), 2),
            "median": round(statistics.median(ratios), 2),
            "max": round(max(ratios), 2),
        },
        "goal": goal,
        "met": statistics.median(ours) >= goal,
    }


def _pairs(
    ours: Work, baseline: Work, size: int, n_events: int
) -> list[tuple[float, float]]:
    ours([event(n) for n in range(size)])  # tables are read once
    return [_pair(ours, baseline, size, n_events) for _ in range(N_ROUNDS)]


def _transform_row(encoder: Encoder, size: int) -> dict[str, Any]:
    return _row(
        f"transform, batches of {size}",
        "naive: trim, lower, hash, json.dumps; no rule, no check",
        _pairs(partial(_our_batch, encoder), _naive_batch, size, N_PEOPLE),
        GOAL_PER_CPU_S,
    )


def _checked_row(encoder: Encoder) -> dict[str, Any]:
    """Compare with what checks its payloads by schema, as ours are checked by hand."""
    schemas = json.loads(
        files("forwarder.sandbox").joinpath("schema.json").read_text(encoding="utf-8")
    )["schemas"]
    validator = Draft202012Validator(schemas["ConversionEvents"])

    def naive_and_checked(batch: Sequence[Event]) -> bytes:
        document = {"data": [_naive_event(one) for one in batch]}
        validator.validate(document)
        return json.dumps(document).encode()

    return _row(
        "transform, checked payloads",
        "naive mapping and jsonschema",
        _pairs(partial(_our_batch, encoder), naive_and_checked, 1000, N_CHECKED),
        GOAL_PER_CPU_S,
    )


def _hash_row(settings: PinterestSettings) -> dict[str, Any]:
    hash_person = Identity(settings.rules).hash_person
    pairs = _pairs(
        lambda batch: [hash_person(one.person, "US", STARTED_AT) for one in batch],
        lambda batch: [_naive_lists(one.person) for one in batch],
        1000,
        N_PEOPLE,
    )
    return _row(
        "normalise and hash 9 identifiers",
        "naive: trim, lower, hash",
        pairs,
        HASH_GOAL_PER_CPU_S,
    )


def run() -> dict[str, Any]:
    """Return the rows of this bench and what was measured."""
    settings = PinterestSettings(ad_account_id="1", token=Secret("bench"))
    encoder = Encoder(settings)
    return {
        "about": (
            f"{N_PEOPLE} different people, 3 items, 9 identifiers, {N_ROUNDS} rounds; "
            "e-mail, phone, IP, click id and customer id never repeat within a round, "
            "towns, names and browsers do; all rules, hand checks and the guard on"
        ),
        "rows": [
            _transform_row(encoder, 100),
            _transform_row(encoder, 1000),
            _checked_row(encoder),
            _hash_row(settings),
        ],
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
