"""Reporting: numbers from the ledger and the tag log, in Pinterest's shapes."""

import csv
import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from tests.sandbox.conftest import Caller
from tests.sandbox.samples import BEARER, NOW_S, a_batch, a_checkout, an_event
from tests.shared import SUBSET

Call = Callable[..., Caller]
ACCOUNT = "/v5/ad_accounts/549755885175"
TODAY, YESTERDAY = "2026-11-18", "2026-11-17"
TAG_REPORT, API_REPORT, BOTH_REPORT = "7000000000001", "7000000000002", "7000000000003"


@pytest.fixture
def seeded(call: Call) -> Callable[..., Caller]:
    """Return a function that opens a sandbox with a day of both sides' conversions."""

    def opened(**options: object) -> Caller:
        caller = call(**options)
        caller.send(a_checkout(1), a_checkout(2), a_checkout(3), an_event())
        caller.send(a_checkout(4, event_time=NOW_S - 86_400))
        answer = caller.client.post(
            "/_sandbox/tag-log",
            json=[
                {
                    "date": TODAY,
                    "kind": "checkout",
                    "count": 4,
                    "value_micro": 98_400_000,
                    "overlap": 2,
                    "overlap_value_micro": 49_200_000,
                }
            ],
        )

        assert answer.get_json() == {"accepted": 1}
        return caller

    return opened


def _sync(caller: Caller, **changes: object) -> TestResponse:
    query = {
        "start_date": YESTERDAY,
        "end_date": TODAY,
        "granularity": "DAY",
        "columns": "TOTAL_CHECKOUT,TOTAL_WEB_CHECKOUT,TOTAL_OFFLINE_CHECKOUT",
        **changes,
    }
    return caller.get(f"{ACCOUNT}/analytics", **{k: v for k, v in query.items() if v})


def _poll(caller: Caller, token: str) -> dict[str, Any]:
    return caller.get(f"{ACCOUNT}/reports", token=token).get_json()


def _finished(caller: Caller, order: TestResponse) -> TestResponse:
    token = order.get_json()["token"]
    polls = [_poll(caller, token) for _ in range(2)]

    assert [poll["report_status"] for poll in polls] == ["IN_PROGRESS", "FINISHED"]
    answer = caller.client.get(polls[1]["url"])
    assert polls[1]["size"] == len(answer.data)
    return answer


def _from_template(caller: Caller, template_id: str, **query: str) -> TestResponse:
    days = {"start_date": YESTERDAY, "end_date": TODAY, **query}
    url = f"{ACCOUNT}/templates/{template_id}/reports"
    return caller.client.post(url, query_string=days, headers=BEARER)


def _order(caller: Caller, **changes: object) -> TestResponse:
    body = {
        "start_date": YESTERDAY,
        "end_date": TODAY,
        "granularity": "DAY",
        "level": "ADVERTISER",
        "columns": ["TOTAL_CHECKOUT", "TOTAL_OFFLINE_CHECKOUT"],
        **changes,
    }
    return caller.client.post(f"{ACCOUNT}/reports", json=body, headers=BEARER)


def test_daily_rows_are_flat_and_leave_zeros_out(seeded: Call) -> None:
    assert _sync(seeded()).get_json() == [
        {
            "DATE": YESTERDAY,
            "AD_ACCOUNT_ID": "549755885175",
            "TOTAL_CHECKOUT": 1,
            "TOTAL_OFFLINE_CHECKOUT": 1,
        },
        {
            "DATE": TODAY,
            "AD_ACCOUNT_ID": "549755885175",
            "TOTAL_CHECKOUT": 5,
            "TOTAL_WEB_CHECKOUT": 5,
        },
    ]


def test_a_total_has_one_row_without_a_date(seeded: Call) -> None:
    columns = "TOTAL_CONVERSIONS,TOTAL_SIGNUP,TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR,CTR"
    answer = _sync(seeded(), granularity="TOTAL", columns=columns)

    assert answer.get_json() == [
        {
            "AD_ACCOUNT_ID": "549755885175",
            "TOTAL_CONVERSIONS": 7,
            "TOTAL_SIGNUP": 1,
            "TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR": 6 * 24_600_000,
        }
    ]


@pytest.mark.parametrize(
    ("granularity", "dates"),
    [("WEEK", ["2026-11-16"]), ("MONTH", ["2026-11-01"]), ("HOUR", [])],
)
def test_longer_periods_are_named_by_their_first_day(
    seeded: Call, granularity: str, dates: list[str]
) -> None:
    rows = _sync(seeded(), granularity=granularity).get_json()

    assert [row["DATE"] for row in rows] == dates


@pytest.mark.parametrize(
    "changes",
    [
        {"start_date": ""},
        {"columns": ""},
        {"granularity": ""},
        {"granularity": "YEAR"},
        {"start_date": "yesterday"},
        {"start_date": "2026-08-19"},
        {"end_date": "2026-11-16"},
        {"granularity": "HOUR", "start_date": "2026-11-09"},
        {"click_window_days": "2"},
        {"click_window_days": "1", "view_window_days": "30"},
        {"conversion_report_time": "LATER"},
    ],
)
def test_bad_parameters_get_pinterests_400(call: Call, changes: dict[str, str]) -> None:
    answer = _sync(call(), **changes)

    assert answer.status_code == 400
    assert answer.get_json() == {
        "code": 400,
        "message": "Invalid ad account analytics parameters.",
    }


def test_ninety_days_are_still_in_reach(call: Call) -> None:
    assert _sync(call(), start_date="2026-08-20").status_code == 200


def test_templates_say_which_sources_they_hold(call: Call) -> None:
    caller = call()
    first = caller.get(f"{ACCOUNT}/templates", page_size="2").get_json()
    rest = caller.get(f"{ACCOUNT}/templates", bookmark=first["bookmark"]).get_json()
    items = [*first["items"], *rest["items"]]

    assert [item["id"] for item in items] == [TAG_REPORT, API_REPORT, BOTH_REPORT]
    assert [item["ingestion_sources"] for item in items] == [
        *(["TAG"], ["CONVERSIONS_API"], None)
    ]
    assert "INGESTION_SOURCE" in items[2]["columns"]
    assert rest["bookmark"] is None


def _checkouts(answer: TestResponse) -> list[tuple[str, int]]:
    (rows,) = json.loads(answer.data).values()
    return [(row["DATE"], row["TOTAL_CHECKOUT"]) for row in rows]


@pytest.mark.parametrize(("sum_mode", "of_api"), [("exclusive", 1), ("inclusive", 3)])
def test_reports_by_source_sum_up_or_overlap(
    seeded: Call, sum_mode: str, of_api: int
) -> None:
    caller = seeded(sum_mode=sum_mode)
    by_tag = _checkouts(_finished(caller, _from_template(caller, TAG_REPORT)))
    by_api = _checkouts(_finished(caller, _from_template(caller, API_REPORT)))

    assert by_tag == [(TODAY, 4)]
    assert by_api == [(YESTERDAY, 1), (TODAY, of_api)]


def test_one_report_may_name_the_source_of_each_row(seeded: Call) -> None:
    caller = seeded()
    answer = _finished(caller, _from_template(caller, BOTH_REPORT, granularity="TOTAL"))
    (rows,) = json.loads(answer.data).values()

    assert [(row["INGESTION_SOURCE"], row["TOTAL_CHECKOUT"]) for row in rows] == [
        *(("TAG", 4), ("CONVERSIONS_API", 2))
    ]


def test_unknown_templates_and_bad_days_are_refused(call: Call) -> None:
    caller = call()

    assert caller.get(f"{ACCOUNT}/templates", page_size="x").status_code == 400
    assert _from_template(caller, "1").status_code == 404
    bad = _from_template(caller, TAG_REPORT, start_date="2024-05-01")
    assert bad.status_code == 400


def test_a_report_may_come_as_csv_with_zeros(seeded: Call) -> None:
    caller = seeded()
    answer = _finished(caller, _order(caller, report_format="CSV"))
    rows = list(csv.DictReader(StringIO(answer.text)))

    assert answer.mimetype == "text/csv"
    assert [(row["DATE"], row["TOTAL_OFFLINE_CHECKOUT"]) for row in rows] == [
        *((YESTERDAY, "1"), (TODAY, "0"))
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"level": "PLANET"},
        {"columns": "TOTAL_CHECKOUT"},
        {"report_format": "XML"},
        {"start_date": "2024-01-01"},
        {"granularity": "NOW"},
    ],
)
def test_a_bad_report_order_is_refused(call: Call, changes: dict[str, Any]) -> None:
    assert _order(call(), **changes).status_code == 400


def test_a_report_order_is_json(call: Call) -> None:
    url = f"{ACCOUNT}/reports"

    assert call().client.post(url, data=b"{", headers=BEARER).status_code == 400


def test_rows_of_zeros_are_left_out(seeded: Call) -> None:
    rows = _sync(seeded(), columns="TOTAL_LEAD,TOTAL_UNKNOWN").get_json()

    assert rows == []


def test_reports_and_their_addresses_age(call: Call) -> None:
    caller = call(report_polls=0)
    token = _order(caller).get_json()["token"]
    url = _poll(caller, token)["url"]
    caller.clock.now_s += 301
    late = caller.client.get(url)
    caller.clock.now_s += 3_600

    assert late.status_code == 403
    assert _poll(caller, token)["report_status"] == "EXPIRED"
    assert _poll(caller, "made-up")["report_status"] == "DOES_NOT_EXIST"


def test_reports_need_a_token_that_may_read(call: Call) -> None:
    send_only = BEARER["Authorization"].removeprefix("Bearer ")
    caller = call(send_only_tokens=frozenset({send_only}))
    answer = caller.get(f"{ACCOUNT}/conversion_tags")

    assert (answer.status_code, answer.get_json()["code"]) == (401, 3)
    assert caller.send(an_event()).status_code == 200
    assert caller.client.get(f"{ACCOUNT}/conversion_tags").status_code == 401


def test_reports_have_their_own_limit(call: Call) -> None:
    caller = call(report_rate_per_minute=1)
    statuses = [_sync(caller).status_code for _ in range(2)]

    assert statuses == [200, 429]


def test_the_tag_tells_when_it_last_fired(seeded: Call) -> None:
    (tag,) = seeded().get(f"{ACCOUNT}/conversion_tags").get_json()["items"]

    assert tag["last_fired_time_ms"] == 1_795_046_340_000
    assert tag["status"] == "ACTIVE"


def test_event_quality_names_coverage_and_overlap(seeded: Call) -> None:
    caller = seeded()
    scores = caller.get(f"{ACCOUNT}/conversion_eqs", lookback_period="14d").get_json()
    by_source = {score["ingestion_source"]: score for score in scores}
    api = by_source["CONVERSIONS_API"]["quality_components"]

    assert set(by_source) == {"TAG", "CONVERSIONS_API"}
    assert api["hashed_email"]["checkout"] == {"coverage": 100.0}
    assert api["order_id"]["signup"] == {"coverage": 0.0}
    assert api["external_event_id"]["checkout"]["overlap"] == 50.0


def test_event_quality_needs_its_period(call: Call) -> None:
    caller = call()
    url = f"{ACCOUNT}/conversion_eqs"

    assert caller.get(url).status_code == 400
    assert caller.get(url, lookback_period="1d").get_json() == []


BAD_DAYS: tuple[Any, ...] = (
    *(None, {}, ["x"], [{"date": "x", "kind": "checkout"}], [{"date": TODAY}]),
    [{"date": TODAY, "kind": "checkout", "count": -1}],
    [{"date": TODAY, "kind": "checkout", "count": 1, "overlap": 2}],
    [{"date": TODAY, "kind": "checkout", "counts": 1}],
)


@pytest.mark.parametrize("rows", BAD_DAYS)
def test_a_tag_log_that_cannot_be_read_is_refused(call: Call, rows: object) -> None:
    answer = call().client.post("/_sandbox/tag-log", json=rows)

    assert answer.status_code == 400
    assert answer.get_json()["error"]


def test_a_tag_log_can_be_cleared(seeded: Call) -> None:
    caller = seeded()
    caller.client.delete("/_sandbox/tag-log")
    caller.client.delete("/_sandbox/ledger")

    assert _sync(caller).get_json() == []


@pytest.mark.usefixtures("shared")
def test_answers_fit_pinterests_whole_schema(seeded: Call) -> None:
    schemas = json.loads(SUBSET.read_text())["x-jsonschema"]
    caller = seeded()
    order = _order(caller).get_json()
    eqs = caller.get(f"{ACCOUNT}/conversion_eqs", lookback_period="1d").get_json()
    tags = caller.get(f"{ACCOUNT}/conversion_tags").get_json()["items"]
    answers = [
        ("AdAccountAnalyticsResponse", _sync(caller).get_json()),
        ("AdsAnalyticsCreateAsyncResponse", order),
        ("AdsAnalyticsGetAsyncResponse", _poll(caller, order["token"])),
        *(("EventQualityScore", score) for score in eqs),
        *(("ConversionTag", tag) for tag in tags),
    ]
    for name, answer in answers:
        Draft202012Validator(schemas[name]).validate(answer)


def test_conversions_of_other_accounts_stay_out(call: Call) -> None:
    caller = call()
    url = "/v5/ad_accounts/2/events"
    caller.client.post(url, json=a_batch(a_checkout()), headers=BEARER)

    assert _sync(caller).get_json() == []
