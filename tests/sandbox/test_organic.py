"""Organic analytics, in the shapes the KPI board reads."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.sandbox.conftest import Caller
from tests.shared import SUBSET

Call = Callable[..., Caller]
DAYS = {"start_date": "2026-11-17", "end_date": "2026-11-18"}
ROWS: list[dict[str, Any]] = [
    {"date": "2026-11-18", "metrics": {"IMPRESSION": 300, "OUTBOUND_CLICK": 9}},
    {"date": "2026-11-17", "metrics": {"IMPRESSION": 100, "OUTBOUND_CLICK": 1}},
    {"date": "2026-11-18", "pin_id": "11", "metrics": {"IMPRESSION": 50, "SAVE": 5}},
    {"date": "2026-11-17", "pin_id": "11", "metrics": {"IMPRESSION": 50, "SAVE": 1}},
    {"date": "2026-11-18", "pin_id": "22", "metrics": {"IMPRESSION": 200, "SAVE": 2}},
    {
        "date": "2026-09-01",
        "pin_id": "11",
        "metrics": {"IMPRESSION": 400},
        "data_status": "ESTIMATE",
    },
]


@pytest.fixture
def caller(call: Call) -> Caller:
    opened = call()
    opened.client.post("/_sandbox/organic", json=ROWS)
    return opened


def test_the_account_has_days_and_a_summary(caller: Caller) -> None:
    asked = {"metric_types": "IMPRESSION,OUTBOUND_CLICK_RATE", **DAYS}
    body = caller.get("/v5/user_account/analytics", **asked).get_json()

    assert body == {
        "all": {
            "daily_metrics": [
                {
                    "date": "2026-11-17",
                    "data_status": "READY",
                    "metrics": {"IMPRESSION": 100, "OUTBOUND_CLICK_RATE": 0.01},
                },
                {
                    "date": "2026-11-18",
                    "data_status": "READY",
                    "metrics": {"IMPRESSION": 300, "OUTBOUND_CLICK_RATE": 0.03},
                },
            ],
            "summary_metrics": {"IMPRESSION": 400, "OUTBOUND_CLICK_RATE": 0.025},
        }
    }


def test_the_best_pins_come_first(caller: Caller) -> None:
    url = "/v5/user_account/analytics/top_pins"
    by_save = caller.get(url, sort_by="SAVE", **DAYS).get_json()
    by_views = caller.get(url, sort_by="IMPRESSION", num_of_pins="1", **DAYS).get_json()

    assert [pin["pin_id"] for pin in by_save["pins"]] == ["11", "22"]
    assert by_save["pins"][0]["metrics"]["SAVE_RATE"] == 0.06
    assert by_save["date_availability"] == {
        "latest_available_timestamp": 1_795_046_340_000,
        "is_realtime": False,
    }
    assert [pin["pin_id"] for pin in by_views["pins"]] == ["22"]


def test_a_pin_also_has_its_lifetime(caller: Caller) -> None:
    asked = {"metric_types": "IMPRESSION,SAVE", **DAYS}
    body = caller.get("/v5/pins/11/analytics", **asked).get_json()

    assert body["all"]["summary_metrics"] == {"IMPRESSION": 100, "SAVE": 6}
    assert body["all"]["lifetime_metrics"] == {"IMPRESSION": 500, "SAVE": 6}


def test_many_pins_are_keyed_by_id(caller: Caller) -> None:
    asked = {"metric_types": "IMPRESSION", "pin_ids": "11,22", **DAYS}
    body = caller.get("/v5/pins/analytics", **asked).get_json()

    assert set(body) == {"11", "22"}
    assert body["22"]["all"]["summary_metrics"] == {"IMPRESSION": 200}


BAD: dict[str, tuple[str, dict[str, str], int, int]] = {
    "no days": ("user_account/analytics", {}, 400, 400),
    "unknown metric": ("user_account/analytics", {"metric_types": "LOVE"}, 400, 400),
    "unknown split": ("user_account/analytics", {"split_field": "AGE"}, 400, 400),
    "too far back": ("user_account/analytics", {"start_date": "2026-08-19"}, 400, 400),
    "no sort": ("user_account/analytics/top_pins", {}, 400, 400),
    "many pins": (
        "user_account/analytics/top_pins",
        {"sort_by": "SAVE", "num_of_pins": "51"},
        *(400, 400),
    ),
    "video sort": (
        "user_account/analytics/top_video_pins",
        {"sort_by": "PIN_CLICK"},
        *(400, 400),
    ),
    "no metric": ("pins/11/analytics", {}, 400, 400),
    "no rate": ("pins/11/analytics", {"metric_types": "OUTBOUND_CLICK_RATE"}, 400, 400),
    "no pin": ("pins/9/analytics", {"metric_types": "SAVE"}, 404, 404),
    "no ids": ("pins/analytics", {"metric_types": "SAVE"}, 400, 1),
    "letters": ("pins/analytics", {"metric_types": "SAVE", "pin_ids": "a"}, 400, 1),
    "no such": ("pins/analytics", {"metric_types": "SAVE", "pin_ids": "9"}, 404, 50),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_questions_get_pinterests_errors(caller: Caller, case: str) -> None:
    path, query, status, code = BAD[case]
    days = {} if case == "no days" else DAYS
    answer = caller.get(f"/v5/{path}", **{**days, **query})

    assert answer.status_code == status
    assert answer.get_json()["code"] == code


@pytest.mark.parametrize(
    "rows",
    [
        {},
        [{"date": "2026-11-18"}],
        [{"date": "2026-11-18", "metrics": {"SAVE": "1"}}],
        [{"date": "2026-11-18", "metrics": {}, "pin_id": 11}],
        [{"date": "2026-11-18", "metrics": {}, "data_status": 1}],
    ],
)
def test_an_organic_log_that_cannot_be_read_is_refused(
    caller: Caller, rows: object
) -> None:
    assert caller.client.post("/_sandbox/organic", json=rows).status_code == 400


def test_an_organic_log_can_be_cleared(caller: Caller) -> None:
    caller.client.delete("/_sandbox/organic")
    body = caller.get("/v5/user_account/analytics", **DAYS).get_json()

    assert body == {"all": {"daily_metrics": [], "summary_metrics": {}}}


@pytest.mark.usefixtures("shared")
def test_answers_fit_pinterests_whole_schema(caller: Caller) -> None:
    schemas = json.loads(SUBSET.read_text())["x-jsonschema"]
    metrics = {"metric_types": "IMPRESSION,SAVE", **DAYS}
    top = "user_account/analytics/top_pins"
    for name, path, query in (
        ("AnalyticsResponse", "user_account/analytics", metrics),
        ("TopPinsAnalyticsResponse", top, {"sort_by": "SAVE", **DAYS}),
        ("PinAnalyticsResponse", "pins/11/analytics", metrics),
        ("BulkPinAnalyticsResponse", "pins/analytics", {"pin_ids": "11", **metrics}),
    ):
        answer = caller.get(f"/v5/{path}", **query).get_json()

        Draft202012Validator(schemas[name]).validate(answer)
