"""Finished reports: when they are due, made once, kept with their history."""

from datetime import UTC, date, datetime, timedelta

import orjson
import pytest

from forwarder.core.event import Kind
from forwarder.core.mirror import Allowed, Device, MirrorEvent, TagState
from forwarder.core.reports import TagReport
from forwarder.reconcile.comparison import Mode
from forwarder.reconcile.keeping import finish_due, make_asked, make_document
from forwarder.reconcile.making import Place
from forwarder.reconcile.schedule import Due, due_reports, has_material
from forwarder.store import Store, duties, mirror, report_requests
from forwarder.store.migrate import upgrade
from forwarder.store.report_versions import find_version, form_of, list_heads
from forwarder.store.tag_reports import save_tag_report
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


def test_a_month_has_material_once_either_side_may_know_of_it(store: Store) -> None:
    def known() -> list[str]:
        months = ("2026-08", "2026-09", "2026-10", "2026-11")
        return [month for month in months if has_material(store, "main", month)]

    assert [] == known()

    exported = TagReport(rows=(), first_on=date(2026, 8, 7), last_on=date(2026, 8, 9))
    save_tag_report(store, exported, OCTOBER)

    assert ["2026-08"] == known()

    sell(store, 1)  # and all that came after the first is ours to judge

    assert ["2026-08", "2026-10", "2026-11"] == known()
    assert not has_material(store, "other", "2026-10")


def test_what_is_due_is_made_once_and_kept_with_its_page(store: Store) -> None:
    sell(store, 3)
    now = datetime(2026, 11, 4, tzinfo=UTC)

    (first,) = finish_due(store, HERE, now)
    again = finish_due(store, HERE, now)

    assert ("2026-10", "provisional") == (first.month, first.stamp)
    assert [] == again
    assert [first] == list_heads(store, "main")
    found = find_version(store, first.id)
    assert found is not None
    assert "Attribution gap, 2026-10" in found[1].page
    assert 3 == orjson.loads(found[1].content)[0]["counts"]["server"]
    for form in ("md", "csv", "letter"):
        assert form_of(store, first.id, form)


def test_a_report_whose_worker_ended_in_the_middle_is_made_an_hour_later(
    store: Store,
) -> None:
    sell(store, 3)
    now = datetime(2026, 11, 4, 10, tzinfo=UTC)
    job = "report main provisional of 2026-10 at work"
    duties.take_duty(store, job, f"{now:%Y-%m-%dT%H}", now)

    assert [] == finish_due(store, HERE, now)
    assert 1 == len(finish_due(store, HERE, now + timedelta(hours=1)))


def test_what_a_person_asks_for_is_made_kept_and_told(store: Store) -> None:
    sell(store, 3)
    now = store.now()
    outcomes = []
    for month in ("2026-10", "2026-10", "2020-02"):
        assert report_requests.ask(store, "main", month, "anna", now)
        request = report_requests.claim_request(store, now)
        assert request is not None
        outcomes.append(make_asked(store, HERE, request))

    assert ["made", "nothing has changed since the last one"] == outcomes[:2]
    assert "nothing happened" in outcomes[2]
    (head,) = list_heads(store, "main")
    told = report_requests.recent_requests(store, "main")
    assert [None, head.id, head.id] == [one.version_id for one in told]
    assert {None} == {one.due_at for one in told}


def test_the_same_month_is_asked_for_once_at_a_time_and_given_up_in_the_end(
    store: Store,
) -> None:
    now = store.now()
    assert report_requests.ask(store, "main", "2026-10", "anna", now)
    assert not report_requests.ask(store, "main", "2026-10", "bert", now)

    for _ in range(report_requests.ATTEMPTS_MAX):
        assert report_requests.claim_request(store, now) is not None
        assert report_requests.claim_request(store, now) is None
        now += report_requests.LEASE
    last = report_requests.claim_request(store, now)

    assert last is not None
    assert "forwarder doctor" in make_asked(store, HERE, last)
    assert report_requests.claim_request(store, now + report_requests.LEASE) is None


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
