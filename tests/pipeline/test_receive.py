from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from forwarder.core.delivery import NoticeStatus
from forwarder.core.event import (
    Consent,
    Event,
    Forged,
    Kind,
    Notice,
    Reading,
    Stale,
    Unreadable,
)
from forwarder.core.source import Options
from forwarder.pipeline.receive import NO_TIME, Endpoint, read, receive, skip_reason
from forwarder.samples import TEST_SECRETS, fresh
from forwarder.sources import SOURCES
from forwarder.store import Store, log, notice_log
from forwarder.store.inbox import Receipt
from forwarder.store.log import Filter
from tests.store.shop import NOW, an_event


@dataclass(slots=True)
class ASource:
    """A shop whose notices say what a test wants; `key` signs, `old` is too late."""

    reading: Reading | Exception = field(default_factory=Reading)

    def verify(
        self, notice: Notice, secret: str, now: datetime, options: Options
    ) -> None:
        del notice, now, options
        if secret == "old":
            raise Stale("too far from our time")
        if secret != "key":
            raise Forged("does not match")

    def sign(self, notice: Notice, secret: str, now: datetime) -> Notice:
        del secret, now
        return notice

    def delivery_key(self, notice: Notice) -> str:
        return notice.body.decode()

    def parse(self, notice: Notice, options: Options) -> Reading:
        del notice, options
        if isinstance(self.reading, Exception):
            raise self.reading
        return self.reading


def an_endpoint(
    reading: Reading | Exception, secrets: Sequence[str] = ("key",)
) -> Endpoint:
    return Endpoint(
        name="my-shop",
        source_name="a-source",
        source=ASource(reading),
        secrets=secrets,
        destination="main",
        options=Options(shop="my-shop"),
    )


NOTICE = Notice(headers={}, body=b"1", received_at=NOW)


def arrive(store: Store, reading: Reading | Exception) -> Receipt:
    return receive(an_endpoint(reading), NOTICE, store, NOW)


def a_reading(*events: Event) -> Reading:
    return Reading(events=events)


def test_a_genuine_order_of_a_real_shop_waits_to_be_sent(store: Store) -> None:
    secret = TEST_SECRETS["shopify"]
    endpoint = replace(
        an_endpoint(Reading(), [secret]),
        source=SOURCES["shopify"],
        source_name="shopify",
    )
    notice = fresh("shopify", "orders-paid", secret, NOW, 912345)

    receipt = receive(endpoint, notice, store, NOW)

    assert (1, 0, 0, 0) == (
        receipt.accepted,
        receipt.duplicates,
        receipt.ignored,
        receipt.quarantined,
    )
    again = receive(endpoint, notice, store, NOW)
    assert (0, 1, receipt.notice_id) == (
        again.accepted,
        again.duplicates,
        again.notice_id,
    )


def test_an_event_without_a_readable_time_says_that_the_receipt_stands_in() -> None:
    earlier = an_event(2, at=NOW - timedelta(hours=1))
    reading = a_reading(an_event(1, at=NOW), earlier)
    events = read(an_endpoint(reading), NOTICE, "1", NOW).events

    assert [(NO_TIME,), ()] == [event.warnings for event in events]


@pytest.mark.parametrize(
    ("secrets", "fault"),
    [
        (["other"], Forged),
        ([], Forged),
        (["old"], Stale),
        (["other", "old"], Stale),
        (["old", "other"], Stale),
    ],
)
def test_what_is_not_genuine_leaves_nothing(
    store: Store, secrets: list[str], fault: type[Exception]
) -> None:
    endpoint = an_endpoint(a_reading(an_event(1)), secrets)

    with pytest.raises(fault):
        receive(endpoint, NOTICE, store, NOW)
    assert [] == notice_log.list_notices(store, None)


@pytest.mark.parametrize("secrets", [["key", "other"], ["other", "old", "key"]])
def test_any_of_several_secrets_is_enough(store: Store, secrets: list[str]) -> None:
    endpoint = an_endpoint(a_reading(an_event(1)), secrets)

    assert 1 == receive(endpoint, NOTICE, store, NOW).accepted


def test_a_genuine_notice_that_is_not_understood_is_held(store: Store) -> None:
    receipt = arrive(store, Unreadable("the body is not JSON that we can read"))

    notice = notice_log.list_notices(store, NoticeStatus.QUARANTINED)[0]
    assert 1 == receipt.quarantined
    assert ("the body is not JSON that we can read", True) == (
        notice.reason,
        notice.is_kept,
    )


def test_a_fault_of_the_adapter_holds_the_notice_and_quotes_nothing(
    store: Store,
) -> None:
    receipt = arrive(store, KeyError("ada@example.org"))

    notice = notice_log.list_notices(store, NoticeStatus.QUARANTINED)[0]
    assert 1 == receipt.quarantined
    assert "the adapter failed: KeyError" == notice.reason


@pytest.mark.parametrize(
    ("ignored", "reason"), [("ping", "ping"), (None, "no event in it")]
)
def test_a_notice_without_event_says_why(
    store: Store, ignored: str | None, reason: str
) -> None:
    receipt = arrive(store, Reading(ignored=ignored))

    notice = notice_log.list_notices(store, NoticeStatus.IGNORED)[0]
    assert (1, reason) == (receipt.ignored, notice.reason)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (an_event(1), ""),
        (an_event(1, Kind.REFUND), "not_mapped"),
        (an_event(1, Kind.CANCEL), "not_mapped"),
        (an_event(1, Kind.RENEWAL), "not_mapped"),
        (an_event(1, Kind.DISPUTE), "not_mapped"),
        (an_event(1, Kind.ERASE), "erase_requested"),
        (replace(an_event(1), consent=Consent(denied=True)), "consent"),
        (replace(an_event(1), consent=Consent(opt_out=True)), ""),
        (replace(an_event(1), skip="test_order"), "test_order"),
        (replace(an_event(1), skip="unpaid", consent=Consent(denied=True)), "consent"),
    ],
)
def test_what_must_not_be_sent_is_written_down_with_its_reason(
    store: Store, event: Event, reason: str
) -> None:
    arrive(store, a_reading(event))

    line = log.list_deliveries(store, Filter()).lines[0]
    assert reason == skip_reason(event)
    assert ("skipped" if reason else "pending", reason) == (
        line.status.value,
        line.reason,
    )


@pytest.mark.parametrize(
    ("ahead", "kept"),
    [
        (timedelta(0), timedelta(0)),
        (timedelta(minutes=5), timedelta(0)),
        (timedelta(minutes=5, seconds=1), timedelta(minutes=5, seconds=1)),
        (timedelta(days=-1), timedelta(days=-1)),
    ],
)
def test_a_clock_a_little_ahead_is_forgiven(
    store: Store, ahead: timedelta, kept: timedelta
) -> None:
    arrive(store, a_reading(an_event(1, at=NOW + ahead)))

    line = log.list_deliveries(store, Filter()).lines[0]
    assert NOW + kept == line.occurred_at


def test_one_notice_may_hold_several_events(store: Store) -> None:
    receipt = arrive(store, a_reading(an_event(1), an_event(2), an_event(1)))

    assert (2, 1) == (receipt.accepted, receipt.duplicates)
