"""Ordered faults: how they are read, queued, consumed, and what they answer."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.sandbox.conftest import Caller
from tests.sandbox.samples import a_checkout, an_event

Call = Callable[..., Caller]


def _events(n: int) -> list[Any]:
    return [a_checkout(number) for number in range(n)]


def _results(answer: TestResponse) -> dict[str, Any]:
    body = answer.get_json()
    return body.get("details", body)


def test_faults_are_consumed_in_order(call: Call) -> None:
    caller = call()
    caller.order({"fault": "http", "status": 503, "times": 2})
    caller.order({"fault": "http", "status": 429, "headers": {"Retry-After": "7"}})
    answers = [caller.send(an_event()) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [503, 503, 429, 200]
    assert answers[0].get_json()["code"] == 4197
    assert answers[2].headers["Retry-After"] == "7"
    assert caller.ledger()["by_status"] == {"503": 2, "429": 1, "200": 1}
    assert caller.ledger()["received"] == 1


def test_pending_faults_are_shown_and_cleared(call: Call) -> None:
    caller = call()
    caller.order({"fault": "slow", "seconds": 2}, {"fault": "empty_events"})
    pending = caller.get("/_sandbox/faults").get_json()["pending"]
    caller.client.delete("/_sandbox/faults")

    assert pending == [
        {"fault": "slow", "seconds": 2, "drip": False, "times": 1, "on": "events"},
        {"fault": "empty_events", "times": 1, "on": "events"},
    ]
    assert caller.get("/_sandbox/faults").get_json() == {"pending": []}


def test_a_fault_without_end_lasts_until_it_is_cleared(call: Call) -> None:
    caller = call()
    caller.order({"fault": "http", "status": 500, "times": None})
    statuses = [caller.send(an_event()).status_code for _ in range(5)]
    caller.client.delete("/_sandbox/faults")

    assert statuses == [500] * 5
    assert caller.send(an_event()).status_code == 200


BAD_ORDERS: dict[str, tuple[Any, str]] = {
    "no list": ({"fault": "slow"}, "must be a list"),
    "no object": (["slow"], "Fault 1 must be an object"),
    "no name": ([{"seconds": 1}], "with a 'fault' name"),
    "unknown": ([{"fault": "flood"}], "'flood' is not one of"),
    "missing": ([{"fault": "http"}], "(http): 'status' is missing"),
    "wrong": ([{"fault": "http", "status": "500"}], "'status' must be a whole number"),
    "no share": ([{"fault": "fail_events", "share": 2}], "'share' must be a share"),
    "bool": ([{"fault": "slow", "seconds": True}], "'seconds' must be a number"),
    "no times": ([{"fault": "empty_events", "times": 0}], "'times' must be"),
    "stray": ([{"fault": "empty_events", "n": 1}], "'n' is not a field"),
    "headers": ([{"fault": "http", "status": 500, "headers": {"a": 1}}], "'headers'"),
    "when": ([{"fault": "drop_connection", "when": "never"}], "one of 'before'"),
    "second": ([{"fault": "empty_events"}, {"fault": "?"}], "Fault 2"),
}


@pytest.mark.parametrize("case", BAD_ORDERS)
def test_an_order_that_cannot_be_read_is_refused_in_a_sentence(
    call: Call, case: str
) -> None:
    order, sentence = BAD_ORDERS[case]
    caller = call()
    answer = caller.client.post("/_sandbox/faults", json=order)

    assert answer.status_code == 400
    assert sentence in answer.get_json()["error"]
    assert caller.get("/_sandbox/faults").get_json() == {"pending": []}


def test_an_order_that_is_no_json_is_refused(call: Call) -> None:
    assert call().client.post("/_sandbox/faults", data=b"[").status_code == 400


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, 4196), (401, 2), (403, 29), (404, 2), (429, 8), (503, 4197), (500, 12)],
)
def test_a_status_without_a_body_answers_as_pinterest(
    call: Call, status: int, code: int
) -> None:
    caller = call()
    caller.order({"fault": "http", "status": status, "failure_status": True})
    answer = caller.send(an_event())

    assert answer.status_code == status
    assert answer.get_json()["code"] == code
    assert answer.get_json()["status"] == "failure"


@pytest.mark.parametrize(
    ("body", "expected"), [("", b""), ("<oops", b"<oops"), ({"a": 1}, b'{"a":1}')]
)
def test_a_body_is_sent_as_ordered(call: Call, body: object, expected: bytes) -> None:
    caller = call()
    caller.order({"fault": "http", "status": 502, "body": body})

    assert caller.send(an_event()).data == expected


def test_an_error_may_come_after_the_events_were_taken(call: Call) -> None:
    caller = call()
    caller.order({"fault": "http", "status": 500, "when": "after"})

    assert caller.send(an_event()).status_code == 500
    assert caller.ledger()["unique"] == 1


def test_html_comes_from_the_edge(call: Call) -> None:
    caller = call()
    caller.order({"fault": "html"}, {"fault": "html", "status": 200})
    answers = [caller.send(an_event()), caller.send(an_event())]

    assert [answer.status_code for answer in answers] == [502, 200]
    assert all(answer.mimetype == "text/html" for answer in answers)
    assert b"502 Bad Gateway" in answers[0].data


def test_a_redirect_leads_elsewhere(call: Call) -> None:
    caller = call()
    caller.order(
        {"fault": "redirect", "status": 307, "location": "http://127.0.0.1:9/"}
    )
    answer = caller.send(an_event())

    assert answer.status_code == 307
    assert answer.headers["Location"] == "http://127.0.0.1:9/"
    assert caller.ledger()["unique"] == 0


def test_a_share_of_events_fails_exactly(call: Call) -> None:
    caller = call()
    caller.order({"fault": "fail_events", "share": 0.1, "message": "No.", "times": 4})
    failed = [
        [event["status"] for event in _results(caller.send(*_events(25)))["events"]]
        for _ in range(4)
    ]

    assert sum(statuses.count("failed") for statuses in failed) == 10
    assert caller.ledger()["rejected"] == 10
    assert caller.send(*_events(1)).status_code == 200


def test_failing_events_carry_the_message(call: Call) -> None:
    caller = call()
    caller.order({"fault": "fail_events", "share": 1, "message": "Try later."})
    answer = caller.send(*_events(1))

    assert answer.status_code == 422
    assert _results(answer)["events"][0]["error_message"] == "Try later."


def test_all_events_may_fail_in_a_200(call: Call) -> None:
    caller = call()
    caller.order({"fault": "fail_events", "share": 1, "status": 200})
    answer = caller.send(*_events(3))

    assert answer.status_code == 200
    assert answer.get_json()["num_events_processed"] == 0
    assert caller.ledger()["unique"] == 0


@pytest.mark.parametrize(
    ("order", "n_answers"),
    [
        ({"fault": "truncate_events", "n": 2}, 3),
        ({"fault": "extra_events", "n": 3}, 8),
        ({"fault": "empty_events"}, 0),
    ],
)
def test_the_list_of_results_may_lie(
    call: Call, order: dict[str, Any], n_answers: int
) -> None:
    caller = call()
    caller.order(order)
    body = caller.send(*_events(5)).get_json()

    assert len(body["events"]) == n_answers
    assert body["num_events_received"] == 5
    assert caller.ledger()["unique"] == 5


def test_the_list_of_results_may_be_missing(call: Call) -> None:
    caller = call()
    caller.order({"fault": "no_events"})

    assert "events" not in caller.send(*_events(2)).get_json()


def test_the_counters_may_contradict_the_list(call: Call) -> None:
    caller = call()
    caller.order({"fault": "wrong_counts"})

    assert caller.send(*_events(2)).get_json()["num_events_processed"] == 3


@pytest.mark.parametrize("value", ["", None, "absent"])
def test_messages_may_be_empty_null_or_absent(call: Call, value: str | None) -> None:
    caller = call()
    caller.order({"fault": "messages", "value": value})
    (result,) = _results(caller.send(an_event(event_time=-1)))["events"]
    messages = (
        {}
        if value == "absent"
        else dict.fromkeys(("error_message", "warning_message"), value)
    )

    assert result == {"status": "failed", **messages}


def test_the_content_type_may_be_wrong(call: Call) -> None:
    caller = call()
    caller.order({"fault": "content_type", "value": "text/html"})
    answer = caller.send(an_event())

    assert answer.status_code == 200
    assert answer.mimetype == "text/html"


def test_faults_on_reports_leave_events_alone(call: Call) -> None:
    caller = call()
    caller.order({"fault": "http", "status": 429, "on": "reports"})
    url = "/v5/ad_accounts/1/conversion_tags"

    assert caller.send(an_event()).status_code == 200
    assert caller.get(url).status_code == 429
    assert caller.get(url).status_code == 200


def test_faults_also_strike_in_test_mode(call: Call) -> None:
    caller = call()
    caller.order({"fault": "http", "status": 500})

    assert caller.send(an_event(), query="?test=true").status_code == 500
