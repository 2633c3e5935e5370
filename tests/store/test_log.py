from dataclasses import replace
from datetime import timedelta

import pytest

from forwarder.core.delivery import Answer, Delivered, NoticeStatus, Status
from forwarder.core.event import Kind
from forwarder.store import Store, health, log, notice_log, outbox, tried
from forwarder.store.arrival import ORDER_ID_MAX_CHARS
from forwarder.store.inbox import accept
from forwarder.store.log import ID_MAX, PAGE_MAX, Filter
from forwarder.store.outbox import Settled, Verdict
from forwarder.store.story import show
from tests.store.shop import NOW, an_arrival, an_event, note_health, take
from tests.store.test_health import WELL


def ids(store: Store, wanted: Filter, n_max: int = 50) -> list[str | None]:
    return [line.order_id for line in log.list_deliveries(store, wanted, n_max).lines]


def test_an_empty_log_has_one_empty_page(store: Store) -> None:
    page = log.list_deliveries(store, Filter())

    assert ([], None) == (list(page.lines), page.next_id)
    assert {} == log.count_by_status(store, Filter())
    assert {} == notice_log.last_notices(store)


def test_the_log_is_followed_from_its_start(store: Store) -> None:
    take(store, an_event(1), an_event(2), an_event(3))

    assert ["3", "2", "1"] == ids(store, Filter())
    assert ["1", "2", "3"] == ids(store, Filter(after_id=0))
    page = log.list_deliveries(store, Filter(after_id=0), 2)
    assert page.next_id is not None
    assert ["3"] == ids(store, Filter(after_id=page.next_id))


def test_a_page_has_its_limits(store: Store) -> None:
    take(store, *(an_event(number) for number in range(5)))

    assert log.list_deliveries(store, Filter(), 5).next_id is None
    assert log.list_deliveries(store, Filter(), 4).next_id is not None
    assert 5 == len(log.list_deliveries(store, Filter(), PAGE_MAX).lines)


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(source="shopify"),
        Filter(endpoint="my-shop"),
        Filter(destination="main"),
        Filter(kind="checkout"),
        Filter(order_id="1"),
        Filter(event_id="shopify:my-shop:1:checkout"),
        Filter(reason="consent"),
        Filter(is_test=False),
        Filter(attempts_min=0),
        Filter(status=Status.SKIPPED),
        Filter(since=NOW, until=NOW + timedelta(seconds=1)),
        Filter(before_id=ID_MAX),
        Filter(after_id=0),
    ],
)
def test_every_filter_finds_and_leaves_out(store: Store, wanted: Filter) -> None:
    accept(store, replace(an_arrival(an_event(1)), skips=["consent"]))

    assert ["1"] == ids(store, wanted)
    assert {"skipped": 1} == log.count_by_status(store, wanted)
    other = {
        name: "other" for name in Filter.__slots__ if type(getattr(wanted, name)) is str
    }
    if other:
        assert [] == ids(store, replace(wanted, **other))  # type: ignore[arg-type]


def test_tests_and_tries_are_left_out_too(store: Store) -> None:
    take(store, an_event(1))

    assert [] == ids(store, Filter(is_test=True))
    assert [] == ids(store, Filter(attempts_min=1))


def test_what_waits_for_a_blocked_destination_reads_blocked(store: Store) -> None:
    take(store, an_event(1))
    accept(store, an_arrival(an_event(2), destination="other"))
    note_health(store, replace(WELL, state=health.BLOCKED))

    assert ["1"] == ids(store, Filter(status=Status.BLOCKED))
    assert ["2"] == ids(store, Filter(status=Status.PENDING))
    assert {"blocked": 1, "pending": 1} == log.count_by_status(store, Filter())


def test_notices_are_counted_with_their_repeats(store: Store) -> None:
    take(store, an_event(1))
    take(store, an_event(1))
    held = replace(an_arrival(an_event(2)), status=NoticeStatus.QUARANTINED)
    accept(store, replace(held, events=(), skips=()))

    assert {
        "accepted": 1,
        "duplicate": 1,
        "ignored": 0,
        "quarantined": 1,
    } == notice_log.count_notices(store)
    found = notice_log.list_notices(store, NoticeStatus.QUARANTINED)
    assert [NoticeStatus.QUARANTINED] == [notice.status for notice in found]
    assert {"my-shop": NOW} == notice_log.last_notices(store)


def numbers(store: Store, reference: str) -> list[int]:
    return [line.id for line in log.find(store, reference)]


def test_a_delivery_is_found_by_all_its_names(store: Store) -> None:
    take(store, an_event(71), an_event(72))
    number = log.list_deliveries(store, Filter(order_id="71")).lines[0].id

    assert [number] == numbers(store, "71")
    assert [number] == numbers(store, "shopify:my-shop:71:checkout")
    assert number in numbers(store, str(number))
    for nobody in ("", "x", "9" * 30, "²", "-1", "71 "):
        assert [] == log.find(store, nobody)


def test_a_delivery_that_is_not_there_has_no_story(store: Store) -> None:
    for number in (0, -1, 99, ID_MAX, ID_MAX + 1, 10**30):
        assert show(store, number) is None


def test_a_story_before_the_first_attempt(store: Store) -> None:
    take(store, an_event(1))
    story = show(store, ids_of(store)[0])

    assert story is not None
    assert (None, [], [], [], True) == (
        story.payload,
        list(story.dropped),
        list(story.warnings),
        list(story.history),
        story.is_person_kept,
    )
    assert story.notice is not None
    assert ("my-shop", "shopify", True) == (
        story.notice.endpoint,
        story.notice.source,
        story.notice.is_kept,
    )


def ids_of(store: Store) -> list[int]:
    return [line.id for line in log.list_deliveries(store, Filter()).lines]


def test_an_endless_order_id_is_kept_short_and_still_cancelled(store: Store) -> None:
    order_id = "".join(chr(0x4E00 + (7 * n) % 20_000) for n in range(4096))
    sale = an_event(1)
    assert sale.order is not None
    long = replace(sale.order, id=order_id)
    take(store, replace(sale, order=long))
    line = log.list_deliveries(store, Filter()).lines[0]
    assert line.order_id is not None
    assert ORDER_ID_MAX_CHARS == len(line.order_id)

    end = replace(an_event(2, Kind.CANCEL), order=long)
    accept(store, replace(an_arrival(end), skips=["not_mapped"]))
    line = log.list_deliveries(store, Filter(kind="checkout")).lines[0]
    assert "order_cancelled" == line.reason


def test_an_amount_beyond_all_sales_does_not_stop_the_event(store: Store) -> None:
    sale = an_event(1, value="9" * 25)

    assert 1 == take(store, sale).accepted
    line = log.list_deliveries(store, Filter()).lines[0]
    assert line.value_minor is None
    claim = outbox.claim(store, "main", "w", 9, NOW)
    assert claim is not None
    assert [sale] == [row.event for row in claim.rows]


def tell(store: Store, http: int | None, request_id: str, *, is_final: bool) -> None:
    """Send what is due in one request, and write down what was answered."""
    claim = outbox.claim(store, "main", "w", 10, NOW)
    assert claim is not None
    done = Verdict(status=Status.DELIVERED, outcome="delivered")
    again = Verdict(status=Status.PENDING, outcome="deferred", next_attempt_at=NOW)
    answer = Answer(
        outcomes=(Delivered(),),
        n_events=len(claim.rows),
        http_status=http,
        request_id=request_id,
        duration_ms=1,
    )
    verdict = done if is_final else again
    settled = [Settled(row=row, verdict=verdict) for row in claim.rows]
    outbox.settle(store, claim, settled, answer, NOW)


@pytest.mark.parametrize("rare_events", [tried.RARE_EVENTS, 0])
def test_deliveries_are_found_by_answer_request_and_batch(
    store: Store, monkeypatch: pytest.MonkeyPatch, rare_events: int
) -> None:
    monkeypatch.setattr(tried, "RARE_EVENTS", rare_events)
    take(store, an_event(1), an_event(2))
    tell(store, 429, "rid-a", is_final=False)
    take(store, an_event(3))
    tell(store, None, "", is_final=False)
    tell(store, 200, "rid-b", is_final=True)
    take(store, an_event(4))
    tell(store, 404, "rid-c", is_final=True)
    take(store, an_event(5))

    found = {
        http: ids(store, Filter(http=http))
        for http in ("429", "4xx", "2xx", "none", "5xx")
    }
    assert found == {
        "429": ["2", "1"],
        "4xx": ["4", "2", "1"],
        "2xx": ["3", "2", "1"],
        "none": ["3", "2", "1"],
        "5xx": [],
    }
    assert {"delivered": 2} == log.count_by_status(store, Filter(http="429"))
    assert ["1"] == ids(store, Filter(http="429", order_id="1"))
    assert ["2"] == ids(store, Filter(http="4xx", before_id=3, after_id=1))
    assert ["3", "2", "1"] == ids(store, Filter(request_id="rid-b"))
    assert ["2", "1"] == ids(store, Filter(batch=1))
    assert ["2", "1"] == ids(store, Filter(batch=1, request_id="rid-a"))
    assert [] == ids(store, Filter(batch=1, request_id="rid-b"))
    told = show(store, 1)
    assert told is not None
    assert [1, 2, 3] == [entry.batch for entry in told.history]
