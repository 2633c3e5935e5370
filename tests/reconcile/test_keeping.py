"""Finished reports: when they are due, made once, kept with their history."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from forwarder.core.event import Kind
from forwarder.core.mirror import Allowed, Device, MirrorEvent, TagState
from forwarder.reconcile.comparison import Mode
from forwarder.reconcile.keeping import Due, due_reports, finish_due, make_document
from forwarder.reconcile.making import Place
from forwarder.store import Store, mirror
from forwarder.store.migrate import upgrade
from forwarder.store.report_versions import list_versions
from tests.reconcile.kept import open_new, settle_all
from tests.store.shop import an_event, take

HERE = Place(destination="main", endpoints=("my-shop",))
OCTOBER = datetime(2026, 10, 5, tzinfo=UTC)


@pytest.fixture
def store(sqlite_url: str) -> Store:
    opened = open_new(sqlite_url)
    upgrade(opened)
    return opened


def sell(store: Store, n: int, at: datetime = OCTOBER) -> None:
    for number in range(n):
        take(store, an_event(number, at=at + timedelta(hours=number)))
    settle_all(store)


def told(number: int, tag: TagState = TagState.ALIVE) -> MirrorEvent:
    return MirrorEvent(
        endpoint="my-shop",
        kind=Kind.CHECKOUT,
        device=Device.ANDROID,
        tag=tag,
        consent=Allowed.GRANTED,
        has_gpc=False,
        received_at=OCTOBER + timedelta(hours=number),
        event_id=f"shopify:my-shop:{number}:checkout",
        order_id=str(number),
    )


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-02", []),
        ("2026-11-03", [Due("2026-10", "provisional")]),
        ("2026-12-02", [Due("2026-10", "provisional")]),
        ("2026-12-03", [Due("2026-10", "final"), Due("2026-11", "provisional")]),
    ],
)
def test_a_report_is_provisional_first_and_final_after_the_window(
    at: str, expected: list[Due]
) -> None:
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)

    recent = [due for due in due_reports(now) if due.month >= "2026-10"]
    assert expected == recent


def test_what_is_due_is_made_once_and_kept_with_its_page(store: Store) -> None:
    sell(store, 3)
    now = datetime(2026, 11, 4, tzinfo=UTC)

    (first,) = finish_due(store, HERE, now)
    again = finish_due(store, HERE, now)

    assert ("2026-10", "provisional") == (first.month, first.stamp)
    assert [] == again
    assert [first] == list_versions(store, "main")
    assert "Attribution gap, 2026-10" in first.page
    assert 3 == orjson.loads(first.content)[0]["counts"]["server"]


def test_a_month_without_anything_is_not_kept(store: Store) -> None:
    assert [] == finish_due(store, HERE, datetime(2026, 11, 4, tzinfo=UTC))


def test_the_mirror_makes_it_a_comparison_order_by_order(store: Store) -> None:
    old = OCTOBER - timedelta(days=40)
    take(store, an_event(88, at=old))
    sell(store, 6)
    mirror.add(store, [told(0), told(1), told(2, TagState.BLOCKED)])
    mirror.add(store, [MirrorEvent(**_fields(told(77)) | {"received_at": old})])

    made = make_document(store, HERE, "2026-10")

    first = made.report.comparisons[0]
    assert Mode.EVENT is first.mode
    assert first.pairs is not None
    assert (2, 0, 4) == first.pairs.counts
    assert {"blocked": 1, "silent": 3} == {
        k: n for k, n in first.pairs.states.items() if n
    }
    assert first.evidence.blocked is not None
    assert (1, 3) == (
        first.evidence.blocked["android"].n,
        first.evidence.blocked["android"].of,
    )


def _fields(event: MirrorEvent) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__slots__}
