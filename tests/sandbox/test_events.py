"""The events endpoint: order of checks, answers, limits, test mode."""

from collections.abc import Callable
from email.utils import parsedate_to_datetime

import pytest
from jsonschema import Draft202012Validator

from tests.sandbox.conftest import Caller
from tests.sandbox.samples import BEARER, EVENTS_URL, NOW_S, a_checkout, an_event

Call = Callable[..., Caller]
BAD = an_event(event_id="bad", event_time=-1)
GOOD = an_event(event_id="good")


def test_a_good_batch_is_answered_event_by_event(call: Call) -> None:
    answer = call().send(a_checkout(1), a_checkout(2))

    assert answer.status_code == 200
    assert answer.get_json() == {
        "num_events_received": 2,
        "num_events_processed": 2,
        "events": [{"status": "processed", "error_message": "", "warning_message": ""}]
        * 2,
    }


@pytest.mark.parametrize("partial_status", [200, 422])
def test_a_mixed_batch_keeps_its_order(call: Call, partial_status: int) -> None:
    caller = call(partial_status=partial_status)
    answer = caller.send(GOOD, BAD, a_checkout())
    body = answer.get_json()
    results = body if partial_status == 200 else body["details"]

    assert answer.status_code == partial_status
    assert [e["status"] for e in results["events"]] == [
        *("processed", "failed", "processed")
    ]
    assert (results["num_events_received"], results["num_events_processed"]) == (3, 2)
    assert caller.ledger()["unique"] == 2


@pytest.mark.parametrize("partial_status", [200, 422])
def test_a_batch_of_bad_events_is_a_422(call: Call, partial_status: int) -> None:
    answer = call(partial_status=partial_status).send(BAD)

    assert answer.status_code == 422
    assert answer.get_json()["code"] == 953
    assert answer.get_json()["message"].startswith("The action could not be processed")


@pytest.mark.parametrize(("value", "expected"), [("", ""), (None, None)])
def test_empty_messages_are_written_as_set(
    call: Call, value: str | None, expected: str | None
) -> None:
    answer = call(empty_message=value).send(a_checkout())

    assert answer.get_json()["events"] == [
        {"status": "processed", "error_message": expected, "warning_message": expected}
    ]


def test_empty_messages_may_be_absent(call: Call) -> None:
    answer = call(empty_message="absent").send(a_checkout())

    assert answer.get_json()["events"] == [{"status": "processed"}]


def test_a_schema_fault_refuses_the_whole_request(call: Call) -> None:
    caller = call()
    answer = caller.send(GOOD, an_event(custom_data={"category_name": "Mugs"}))

    assert answer.status_code == 400
    assert answer.get_json() == {
        "code": 4196,
        "message": "Invalid request: Additional properties are not allowed"
        " ('category_name' was unexpected)",
    }
    assert caller.ledger()["received"] == 0


def test_the_code_of_a_schema_fault_follows_its_setting(call: Call) -> None:
    answer = call(schema_error_code=1).send({})

    assert answer.get_json()["code"] == 1


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "half a document": b'{"data": [',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "latin-1": '{"data": ["ü"]}'.encode("latin-1"),
    "NaN": b'{"data": [NaN]}',
    "infinity": b'{"data": [1e999]}',
    "a key twice": b'{"data": [], "data": []}',
    "a key twice deep inside": b'{"data":[{"user_data":{"em":["a"],"em":["a"]}}]}',
    "two documents": b"{}{}",
}


@pytest.mark.parametrize("case", BODIES)
def test_a_body_that_is_not_strict_json_is_refused(call: Call, case: str) -> None:
    answer = call().client.post(EVENTS_URL, data=BODIES[case], headers=BEARER)

    assert answer.status_code == 400
    assert answer.get_json()["message"].startswith("Invalid request: ")


def test_a_long_complaint_is_cut(call: Call) -> None:
    answer = call().send(an_event(event_time="x" * 9_000))

    assert answer.status_code == 400
    assert len(answer.get_json()["message"]) == 2_001


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer "}, {"Authorization": "Basic abc"}]
)
def test_a_call_without_a_bearer_token_is_a_401(
    call: Call, header: dict[str, str]
) -> None:
    answer = call().send(GOOD, headers=header)

    assert answer.status_code == 401
    assert answer.get_json() == {"code": 2, "message": "Authentication failed."}


def test_only_listed_tokens_pass(call: Call) -> None:
    caller = call(tokens=frozenset({"right"}))

    assert caller.send(GOOD).status_code == 401
    good = caller.send(GOOD, headers={"Authorization": "Bearer right"})
    assert good.status_code == 200


@pytest.mark.parametrize(("spec", "status"), [("current", 404), ("5.23", 403)])
def test_only_listed_accounts_pass(call: Call, spec: str, status: int) -> None:
    assert call(accounts=frozenset({"1"}), spec=spec).send(GOOD).status_code == status


@pytest.mark.parametrize("account", ["abc", "12a", "1" * 19, "٣"])
def test_an_account_id_is_digits(call: Call, account: str) -> None:
    url = f"/v5/ad_accounts/{account}/events"
    answer = call().client.post(url, json={}, headers=BEARER)

    assert answer.status_code == 400


def test_checks_come_in_pinterests_order(call: Call) -> None:
    caller = call(tokens=frozenset({"t"}), accounts=frozenset({"1"}), rate_per_minute=0)
    right = {"Authorization": "Bearer t"}

    def status(account: str, headers: dict[str, str], method: str = "POST") -> int:
        url = f"/v5/ad_accounts/{account}/events"
        answer = caller.client.open(url, method=method, data=b"x", headers=headers)
        return int(answer.status_code)

    assert status("x", {}, "GET") == 405
    assert status("x", {}) == 400
    assert status("2", {}) == 401
    assert status("2", right) == 404
    assert status("1", right) == 429


def test_every_answer_carries_the_limit_and_a_request_id(call: Call) -> None:
    caller = call(accounts=frozenset({"1"}))
    ids = set()
    for answer in (caller.send(GOOD), caller.send(GOOD, headers={})):
        ids.add(answer.headers["x-pinterest-rid"])

        assert answer.headers["X-RateLimit-Limit"] == (
            '5000, 5000;w=60;name="ads_conversions_ad_account_id"'
        )
        assert answer.headers["X-RateLimit-Remaining"].isdecimal()
        assert 1 <= int(answer.headers["X-RateLimit-Reset"]) <= 60
    assert len(ids) == 2


def test_calls_over_the_limit_wait_for_the_next_minute(call: Call) -> None:
    caller = call(rate_per_minute=2)
    statuses = [caller.send(GOOD).status_code for _ in range(3)]
    late = caller.send(GOOD)
    caller.clock.now_s += int(late.headers["X-RateLimit-Reset"])

    assert statuses == [200, 200, 429]
    assert late.headers["X-RateLimit-Remaining"] == "0"
    assert late.get_json()["code"] == 8
    assert "Retry-After" not in late.headers
    assert caller.send(GOOD).status_code == 200


def test_retry_after_comes_in_either_form(call: Call) -> None:
    seconds = call(rate_per_minute=0, retry_after="seconds").send(GOOD)
    date = call(rate_per_minute=0, retry_after="date").send(GOOD)
    wait_s = int(seconds.headers["Retry-After"])
    until = parsedate_to_datetime(date.headers["Retry-After"])

    assert wait_s == int(seconds.headers["X-RateLimit-Reset"])
    assert until.timestamp() == NOW_S + wait_s + 1


def test_a_large_body_is_a_413_or_not(call: Call) -> None:
    assert call(max_body_bytes=100).send(GOOD).status_code == 413
    assert call(max_body_bytes=None).send(GOOD).status_code == 200


def test_test_mode_answers_alike_and_records_nothing(call: Call) -> None:
    caller = call()
    answer = caller.send(GOOD, BAD, query="?test=true")

    assert answer.status_code == 422
    assert caller.ledger()["received"] == 0
    assert caller.ledger()["test_requests"] == 1
    assert caller.ledger()["requests"] == 0


def test_test_mode_processes_twenty_events(call: Call) -> None:
    events = [an_event(event_id=str(n)) for n in range(25)]
    body = call().send(*events, query="?test=true").get_json()

    assert len(body["events"]) == body["num_events_processed"] == 20
    assert body["num_events_received"] == 25


def test_test_mode_takes_ten_calls_a_second(call: Call) -> None:
    caller = call()
    statuses = [caller.send(GOOD, query="?test=true").status_code for _ in range(11)]
    caller.clock.now_s += 1

    assert statuses == [200] * 10 + [429]
    assert caller.send(GOOD, query="?test=true").status_code == 200


def test_test_mode_is_true_or_false(call: Call) -> None:
    assert call().send(GOOD, query="?test=maybe").status_code == 400
    assert call().send(GOOD, query="?test=false").status_code == 200


def test_unknown_paths_answer_in_pinterests_form(call: Call) -> None:
    answer = call().client.get("/v5/nowhere")

    assert answer.status_code == 404
    assert set(answer.get_json()) == {"code", "message"}


def test_answers_fit_the_published_schema(call: Call) -> None:
    schemas: object = call().client.get("/_sandbox/schema").get_json()["schemas"]
    good, mixed, bad = call().send(GOOD), call().send(GOOD, BAD), call().send({})

    answer = Draft202012Validator(schemas["ConversionApiResponse"])
    answer.validate(good.get_json())
    answer.validate(mixed.get_json()["details"])
    Draft202012Validator(schemas["DetailedError"]).validate(mixed.get_json())
    Draft202012Validator(schemas["Error"]).validate(bad.get_json())
