"""The rules that no schema knows, and the settings that turn them."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.sandbox.conftest import Caller
from tests.sandbox.samples import (
    NOW_S,
    a_checkout,
    an_event,
    hashed,
    with_custom,
    with_user,
)

Call = Callable[..., Caller]
EMAIL = hashed("ada@example.com")
# Each passes the published schema. The text is part of the sandbox's complaint.
GAPS: dict[str, tuple[dict[str, Any], str]] = {
    "no e-mail in the list": (with_user(em=[]), "em is empty"),
    "an unhashed e-mail": (with_user(em=["ada@example.com"]), "em is not"),
    "upper-case hex": (with_user(em=[EMAIL.upper()]), "em is not"),
    "a garbage address": (with_user(client_ip_address="999.1.1.1"), "client_ip"),
    "milliseconds": (an_event(event_time=NOW_S * 1000), "in the future"),
    "a negative time": (an_event(event_time=-1), "in the past"),
    "a time years ago": (an_event(event_time=NOW_S - 90_000_000), "in the past"),
    "an unknown name": (an_event(event_name="subscription"), "Invalid event_name"),
    "an empty name": (an_event(event_name=""), "event_name is empty"),
    "another action source": (an_event(action_source="website"), "action_source"),
    "an empty event id": (an_event(event_id=""), "event_id is empty"),
    "a value of letters": (with_custom(value="abc", currency="EUR"), "value is not"),
    "a long currency": (with_custom(value="1", currency="dollars"), "currency"),
    "a small currency": (with_custom(value="1", currency="usd"), "currency"),
    "a garbage page": (an_event(event_source_url="not a url"), "event_source_url"),
}
ALWAYS_FAILING = {
    *("an unhashed e-mail", "upper-case hex", "milliseconds"),
    *("a negative time", "a time years ago"),
}


def _only(answer: TestResponse) -> dict[str, Any]:
    body = answer.get_json()
    (result,) = body.get("details", body)["events"]
    return result


@pytest.mark.parametrize("case", GAPS)
def test_the_fifteen_gaps_fail_in_strict_mode(call: Call, case: str) -> None:
    event, complaint = GAPS[case]
    answer = call().send(event)

    assert answer.status_code == 422
    assert _only(answer)["status"] == "failed"
    assert complaint in _only(answer)["error_message"]


def test_there_are_fifteen_gaps() -> None:
    assert len(GAPS) == 15


@pytest.mark.parametrize("case", GAPS)
def test_a_lenient_sandbox_only_warns_where_pinterest_may(
    call: Call, case: str
) -> None:
    event, complaint = GAPS[case]
    result = _only(call(is_strict=False).send(event))
    expected = "failed" if case in ALWAYS_FAILING else "processed"

    assert result["status"] == expected
    if case != "an unknown name":
        assert complaint in result["error_message"] + result["warning_message"]


@pytest.mark.parametrize(
    "event",
    [
        a_checkout(),
        an_event(),
        an_event(event_time=NOW_S + 300),
        an_event(event_time=NOW_S - 7 * 86_400),
        an_event(event_time=float(NOW_S)),
        an_event(action_source="app_ios", event_source_url="shop://cart/1"),
        an_event(event_name="start_trial"),
        with_user(client_ip_address="2001:db8::1"),
        with_user(em=[EMAIL, hashed("ada@example.org")]),
        with_user(customer_type="returning"),
        with_custom(value="-1.50", currency="JPY", predicted_ltv="1e3"),
        with_custom(value=None),
    ],
)
def test_good_events_are_processed(call: Call, event: dict[str, Any]) -> None:
    answer = call().send(event)

    assert answer.status_code == 200
    assert _only(answer)["status"] == "processed"


@pytest.mark.parametrize(
    "event",
    [
        with_user(client_ip_address="0.0.0.0"),  # noqa: S104 - an address as data
        with_user(zp=["x" * 64]),
        with_user(external_id=[EMAIL, EMAIL[:-1]]),
        with_user(ph=[EMAIL[:-1], EMAIL + "0"]),
        with_user(customer_type="old"),
        with_custom(value="1,234.50", currency="EUR"),
        with_custom(value="NaN", currency="EUR"),
        with_custom(predicted_ltv="many"),
        with_custom(contents=[{"item_price": "1"}, {"item_price": "cheap"}]),
        an_event(event_time=NOW_S + 301),
        an_event(event_time=NOW_S - 7 * 86_400 - 1),
    ],
)
def test_bad_values_fail_their_event(call: Call, event: dict[str, Any]) -> None:
    assert _only(call().send(event))["status"] == "failed"


@pytest.mark.parametrize(
    ("event", "warning"),
    [
        (with_user(opt_out_type="LDP"), "user_data.opt_out_type is not a known"),
        (with_user(ph=[]), "ph is empty"),
        (an_event(event_id="x" * 257), "event_id is longer"),
        (an_event(language="en-US"), "language is not"),
        (with_custom(value="1"), "currency is missing"),
        (with_custom(opt_out_type="LDP"), "opt_out_type LDP needs st and country"),
    ],
)
def test_doubtful_values_are_processed_with_a_warning(
    call: Call, event: dict[str, Any], warning: str
) -> None:
    result = _only(call().send(event))

    assert result["status"] == "processed"
    assert warning in result["warning_message"]


def test_recommendations_read_as_pinterest_writes_them(call: Call) -> None:
    result = _only(call().send(an_event(user_data={"em": [EMAIL]})))

    assert result["warning_message"] == (
        "external_id is missing. We highly recommend this on all events."
        " ; click_id is missing"
    )


def test_the_age_complaint_reads_as_pinterest_writes_it(call: Call) -> None:
    result = _only(call().send(an_event(event_time=1_678_203_524)))

    assert result["error_message"] == (
        "Invalid event_timestamp parameter. Given timestamp is in the past."
        f" Current timestamp: {NOW_S}, Given event_timestamp: 1678203524"
    )


def test_unknown_names_follow_their_own_setting(call: Call) -> None:
    event = an_event(event_name="subscription")
    processed = _only(call(unknown_event="processed").send(event))
    failed = _only(call(unknown_event="failed", is_strict=False).send(event))

    assert processed["status"] == "processed"
    assert "'Unknown' event" in processed["warning_message"]
    assert failed["status"] == "failed"


def test_the_older_spec_knows_fifteen_names(call: Call) -> None:
    event = an_event(event_name="start_trial")

    assert _only(call(spec="5.23").send(event))["status"] == "failed"


def test_the_older_spec_does_not_know_the_customer_type(call: Call) -> None:
    result = _only(call(spec="5.23").send(with_user(customer_type="new")))

    assert "user_data.customer_type is not" in result["warning_message"]


def test_upper_case_hex_follows_its_setting(call: Call) -> None:
    caller = call(uppercase_hex="processed")

    assert _only(caller.send(with_user(em=[EMAIL.upper()])))["status"] == "processed"
    assert _only(caller.send(with_user(em=["x" * 64])))["status"] == "failed"


def test_the_age_limit_follows_its_setting(call: Call) -> None:
    old = an_event(event_time=NOW_S - 90_000)

    assert _only(call(max_event_age_s=86_400).send(old))["status"] == "failed"
    assert _only(call(max_event_age_s=None).send(old))["status"] == "processed"


def test_the_future_tolerance_follows_its_setting(call: Call) -> None:
    early = an_event(event_time=NOW_S + 1)

    assert _only(call(future_tolerance_s=0).send(early))["status"] == "failed"
