"""Pinterest's reports, asked from the sandbox over HTTP."""

import json
from datetime import timedelta

import pytest

from forwarder.asking import NoAnswer
from forwarder.core.delivery import Deferred
from forwarder.core.event import Kind
from forwarder.core.reports import ReportTime
from forwarder.core.snapshots import Windows, read_windows
from forwarder.pulls.pinterest_numbers import DAILY_COLUMNS, Span
from tests.pulls.pinterest_box import TODAY, YESTERDAY, Pinterest, pinterest
from tests.sandbox.samples import NOW_S, a_checkout
from tests.shared import SUBSET

DAY_S = 86_400
SPAN = Span(first_on=YESTERDAY - timedelta(days=1), last_on=YESTERDAY)


def seeded(box: Pinterest) -> None:
    """Yesterday the tag saw 4, the server 3, 2 of them both; one had no click."""
    yesterday_s = NOW_S - DAY_S
    plain = a_checkout(3, event_time=yesterday_s)
    plain["user_data"].pop("click_id")
    box.send(
        a_checkout(1, event_time=yesterday_s),
        a_checkout(2, event_time=yesterday_s),
        plain,
    )
    box.seed_tag(
        YESTERDAY,
        4,
        value_micro=98_400_000,
        overlap=1,
        overlap_value_micro=24_600_000,
    )


def sales(box: Pinterest, span: Span = SPAN) -> list[tuple[str, int, int | None]]:
    return [
        (one.on.isoformat(), one.n, one.value_micro)
        for one in box.reports().daily(span, Windows(), TODAY)
        if one.kind is Kind.CHECKOUT
    ]


def test_a_day_counts_clicks_of_tag_and_server_once_and_no_row_is_zero() -> None:
    with pinterest() as box:
        seeded(box)

        assert [
            (SPAN.first_on.isoformat(), 0, 0),
            (SPAN.last_on.isoformat(), 5, 123_000_000),
        ] == sales(box)


def test_a_count_without_value_column_has_no_value() -> None:
    with pinterest() as box:
        found = box.reports().daily(SPAN, Windows(), TODAY)

    assert {Kind.LEAD, Kind.ADD_TO_CART} == {
        one.kind for one in found if one.value_micro is None
    }


def test_what_is_too_old_for_analytics_comes_as_an_ordered_report() -> None:
    span = Span(first_on=TODAY - timedelta(days=200), last_on=YESTERDAY)
    with pinterest(report_polls=2) as box:
        seeded(box)
        box.seed_tag(TODAY - timedelta(days=150), 7, value_micro=7_000_000)
        found = {on: n for on, n, _ in sales(box, span) if n}

    assert {
        YESTERDAY.isoformat(): 5,
        (TODAY - timedelta(days=150)).isoformat(): 7,
    } == found
    assert [1.0, 2.0] * 2 == box.naps


def test_reports_by_source_tell_tag_and_server_apart_with_their_rules() -> None:
    with pinterest() as box:
        seeded(box)
        found = [
            (one.source, one.n)
            for one in box.reports().by_source(SPAN)
            if one.kind is Kind.CHECKOUT and one.on == YESTERDAY
        ]
        rules = {one.windows for one in box.reports().by_source(SPAN)}

    # once from each filtered template, once from the one with a column
    assert [
        ("TAG", 4),
        ("CONVERSIONS_API", 2),
        ("TAG", 4),
        ("CONVERSIONS_API", 2),
    ] == found
    assert {Windows(click_only=False)} == rules


def test_event_quality_is_told_per_source_and_time() -> None:
    with pinterest() as box:
        seeded(box)
        scores = box.reports().quality()

    assert {("TAG", "1d"), ("TAG", "14d"), ("CONVERSIONS_API", "14d")} <= {
        (one.source, one.lookback) for one in scores
    }
    assert "external_event_id" in scores[0].components


def test_the_currency_is_the_accounts() -> None:
    with pinterest() as box:
        assert "EUR" == box.reports().currency()


def test_a_busy_platform_is_asked_again_after_the_wait_it_wants() -> None:
    slow_down = {"fault": "http", "on": "reports", "status": 429, "times": 1}
    with pinterest() as box:
        seeded(box)
        box.fail(
            {**slow_down, "headers": {"Retry-After": "7"}},
            {**slow_down, "status": 503},
        )

        assert 5 == sales(box)[-1][1]
    assert [7.0, 5.0] == box.naps


def test_a_platform_that_stays_down_is_given_up_for_now() -> None:
    with pinterest() as box:
        box.fail({"fault": "http", "on": "reports", "status": 500, "times": 9})
        with pytest.raises(NoAnswer) as caught:
            sales(box)

    assert isinstance(caught.value.outcome, Deferred)


def test_a_token_that_may_only_send_is_named_with_its_mend() -> None:
    token = "pina_SENDS"
    with (
        pinterest(send_only_tokens=frozenset({token})) as box,
        pytest.raises(NoAnswer) as caught,
    ):
        box.reports(token).currency()

    assert "report_token" in str(caught.value)
    assert token not in str(caught.value)
    assert [] == box.naps


def test_a_report_that_never_gets_ready_is_given_up_for_now() -> None:
    span = Span(first_on=TODAY - timedelta(days=300), last_on=TODAY)
    with pinterest(report_polls=99) as box, pytest.raises(NoAnswer) as caught:
        sales(box, span)

    assert isinstance(caught.value.outcome, Deferred)
    assert "not ready" in caught.value.outcome.message


@pytest.mark.parametrize(
    "windows",
    [Windows(), Windows(click_days=7, view_days=0, report_time=ReportTime.AD_ACTION)],
)
def test_rules_are_read_back_as_written(windows: Windows) -> None:
    assert windows == read_windows(str(windows))


def test_text_that_is_no_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="no rules"):
        read_windows("30/30/1")


@pytest.mark.usefixtures("shared")
def test_pinterest_knows_every_column_that_is_asked_for() -> None:
    text = json.dumps(
        json.loads(SUBSET.read_text())["paths"][
            "/ad_accounts/{ad_account_id}/analytics"
        ]
    )

    assert [] == [one for one in DAILY_COLUMNS if f'"{one}"' not in text]
