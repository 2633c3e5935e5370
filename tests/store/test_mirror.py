from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from forwarder.core.event import Kind
from forwarder.core.mirror import Allowed, Device, MirrorEvent, TagState
from forwarder.store import Store, mirror
from forwarder.store.schema_report import mirror_events
from tests.store.shop import NOW

DAY = timedelta(days=1)
PERIOD = (NOW - DAY, NOW + DAY)
SHOP = ["my-shop"]
SEEN = MirrorEvent(
    endpoint="my-shop",
    kind=Kind.CHECKOUT,
    device=Device.IOS_SAFARI,
    tag=TagState.ALIVE,
    consent=Allowed.GRANTED,
    has_gpc=False,
    received_at=NOW,
    event_id="shopify:my-shop:1:checkout",
    order_id="1",
    value_minor=2935,
    currency="EUR",
)
NAMELESS = replace(
    SEEN,
    event_id=None,
    order_id=None,
    value_minor=None,
    currency=None,
    consent=Allowed.DENIED,
    tag=TagState.BLOCKED,
)


def kept(store: Store) -> list[dict[str, object]]:
    with store.read() as connection:
        found = connection.execute(sa.select(mirror_events)).mappings()
        return [dict(row) for row in found]


def test_an_event_is_kept_as_the_browser_told_it(store: Store) -> None:
    mirror.add(store, [SEEN])

    assert [
        {
            "id": 1,
            "endpoint": "my-shop",
            "kind": "checkout",
            "event_id": "shopify:my-shop:1:checkout",
            "order_id": "1",
            "value_minor": 2935,
            "currency": "EUR",
            "device": "ios_safari",
            "tag": "alive",
            "consent": "granted",
            "has_gpc": False,
            "received_at": NOW,
            "n_reports": 1,
        }
    ] == kept(store)


def test_the_same_event_again_is_one_and_once_alive_is_alive(store: Store) -> None:
    late = replace(SEEN, tag=TagState.LATE)
    mirror.add(store, [late, late])
    mirror.add(store, [SEEN])
    mirror.add(store, [replace(SEEN, tag=TagState.BLOCKED)])

    assert [(TagState.ALIVE, 1)] == [
        (cell.tag, cell.n) for cell in mirror.cells(store, SHOP, *PERIOD)
    ]


def test_reports_without_ids_are_counted_one_by_one(store: Store) -> None:
    mirror.add(store, [NAMELESS, NAMELESS])

    assert [(Allowed.DENIED, TagState.BLOCKED, 2)] == [
        (cell.consent, cell.tag, cell.n) for cell in mirror.cells(store, SHOP, *PERIOD)
    ]


def test_only_the_shop_and_the_period_asked_for_are_given(store: Store) -> None:
    other = replace(SEEN, endpoint="other")
    early = replace(SEEN, event_id="early", received_at=NOW - 2 * DAY)
    mirror.add(store, [other, early])

    assert [] == mirror.cells(store, SHOP, *PERIOD)
    assert 1 == len(mirror.cells(store, ["other"], *PERIOD))


def test_what_is_old_is_forgotten(store: Store) -> None:
    old = replace(SEEN, event_id="old", received_at=NOW - 9 * DAY)
    mirror.add(store, [old, SEEN])

    assert 1 == mirror.forget(store, NOW - DAY)
    assert 0 == mirror.forget(store, NOW - DAY)
    assert [SEEN.event_id] == [row["event_id"] for row in kept(store)]
