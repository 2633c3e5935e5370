"""Every answer Pinterest is known to give, and some it should not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.core.delivery import Blocked, Deferred, Delivered, Outcome, Refused
from forwarder.destinations.pinterest.replies import Reply, Verdict, read_reply

PAST = (
    "Invalid event_timestamp parameter. Given timestamp is in the past. Current "
    "timestamp: 1727469267, Given event_timestamp: 1678203524"
)
MISSING = "external_id is missing. We highly recommend this on all events."
GOOD = {"status": "processed", "error_message": "", "warning_message": ""}
BAD = {"status": "failed", "error_message": PAST, "warning_message": None}
UNCLEAR = "answer_unclear"


def reply(status: int, body: Any, **headers: str) -> Reply:  # noqa: ANN401
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=named, body=raw)


def read(status: int, body: Any, n: int = 1, **headers: str) -> Verdict:  # noqa: ANN401
    return read_reply(reply(status, body, **headers), n, ("try again",))


def listed(*events: object, n: int | None = None, good: int | None = None) -> object:
    n_good = sum(isinstance(e, dict) and e.get("status") == "processed" for e in events)
    return {
        "num_events_received": len(events) if n is None else n,
        "num_events_processed": n_good if good is None else good,
        "events": list(events),
    }


def within_422(body: object) -> object:
    return {"code": 953, "message": "The action could not …", "details": body}


def kinds(verdict: Verdict) -> list[str]:
    return [
        getattr(one, "reason", type(one).__name__.lower()) for one in verdict.outcomes
    ]


@pytest.mark.parametrize("status", [200, 201, 422])
@pytest.mark.parametrize("wrap", [lambda body: body, within_422])
def test_each_event_gets_its_own_outcome(status: int, wrap: Any) -> None:  # noqa: ANN401
    warned = GOOD | {"warning_message": MISSING}

    found = read(status, wrap(listed(GOOD, BAD, warned)), 3)

    assert (
        Delivered(),
        Refused("rejected", PAST),
        Delivered(MISSING),
    ) == found.outcomes
    assert found.rest is None


@pytest.mark.parametrize("empty", ["", None, "absent"])
def test_empty_null_and_absent_messages_are_one(empty: str | None) -> None:
    one = {"status": "failed", "error_message": empty, "warning_message": empty}
    if empty == "absent":
        one = {"status": "failed"}

    found = read(200, listed(one, one | {"status": "processed"}), 2)

    assert (Refused("rejected", "Pinterest gave no reason"), Delivered()) == (
        found.outcomes
    )


def test_messages_on_the_list_mean_later() -> None:
    said = GOOD | {"status": "failed", "error_message": "Please TRY AGAIN later"}

    found = read(200, listed(said))

    assert (Deferred("rejected_for_now", "Please TRY AGAIN later"),) == found.outcomes


def test_people_in_messages_are_taken_out() -> None:
    said = BAD | {"error_message": "'jane@shop.org' is not hashed"}

    found = read(200, listed(said))

    assert (Refused("rejected", "'[e-mail]' is not hashed"),) == found.outcomes


@pytest.mark.parametrize("status", [200, 422])
def test_events_missing_from_a_short_list_are_unclear(status: int) -> None:
    found = read(status, listed(GOOD, BAD, n=3), 3)

    assert ["delivered", "rejected", UNCLEAR] == kinds(found)


@pytest.mark.parametrize(
    "body",
    [
        listed(GOOD, GOOD, GOOD),
        listed(GOOD, GOOD, n=3),
        listed(GOOD, GOOD, good=1),
        listed(GOOD, BAD, good=2),
    ],
)
def test_lists_that_contradict_settle_nothing(body: object) -> None:
    assert [UNCLEAR, UNCLEAR] == kinds(read(200, body, 2))


@pytest.mark.parametrize(
    "one", [{}, {"status": None}, {"status": "queued"}, None, "processed", 1]
)
def test_an_event_without_a_known_status_is_unclear(one: object) -> None:
    body = {"events": [GOOD, one]}

    assert ["delivered", UNCLEAR] == kinds(read(200, body, 2))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>ok</html>",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"null",
        {},
        {"events": None},
        {"events": []},
        {"events": {}},
        {"details": []},
        listed(GOOD)["events"],  # type: ignore[index]
    ],
)
def test_a_200_without_a_list_is_asked_again(body: object) -> None:
    found = read(200, body, 2)

    assert [UNCLEAR, UNCLEAR] == kinds(found)
    assert all(isinstance(o, Deferred) and o.counts for o in found.outcomes)
    assert all(o.retry_after_s == 60.0 for o in found.outcomes)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("status", "reason"), [(400, "invalid"), (413, "too_large"), (422, "invalid")]
)
def test_a_batch_refused_as_a_whole_is_halved_and_one_event_is_refused(
    status: int, reason: str
) -> None:
    body = {"code": 4196, "message": "Invalid request: 'x' was unexpected"}

    assert () == read(status, body, 2).outcomes
    assert (Refused(reason, "Invalid request: 'x' was unexpected"),) == (
        read(status, body, 1).outcomes
    )


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            401,
            {"code": 2, "message": "Authentication failed.", "status": "failure"},
            Blocked("auth", "Authentication failed."),
        ),
        (
            403,
            {"code": 29, "message": "You are not permitted to access that resource."},
            Blocked("permission", "You are not permitted to access that resource."),
        ),
        (
            404,
            {"code": 2, "message": "AdAccount not found."},
            Blocked("account", "AdAccount not found."),
        ),
    ],
)
def test_a_wrong_token_or_account_blocks_all(
    status: int, body: object, expected: Outcome
) -> None:
    found = read(status, body, 2)

    assert (expected, expected) == found.outcomes
    assert expected == found.rest


LIMIT = {"code": 8, "message": "This request exceeded a rate limit. This can\nhappen"}


def test_a_rate_limit_pauses_without_using_up_attempts() -> None:
    found = read(429, LIMIT, 2, retry_after="7")

    said = "This request exceeded a rate limit. This can happen"
    expected = Deferred("rate_limited", said, retry_after_s=7.0, counts=False)
    assert (expected, expected) == found.outcomes
    assert expected == found.rest
    assert 7.0 == found.pause_s


def test_a_rate_limit_without_words_leaves_the_pause_to_the_caller() -> None:
    found = read(429, b"")

    assert found.pause_s is None
    assert (
        Deferred("rate_limited", "HTTP 429, no message", counts=False),
    ) == found.outcomes


def test_the_last_request_allowed_asks_for_a_pause_and_keeps_its_outcomes() -> None:
    found = read(
        200, listed(GOOD), 1, x_ratelimit_remaining="0", x_ratelimit_reset="58"
    )

    assert (Delivered(),) == found.outcomes
    assert 58.0 == found.pause_s


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 599])
def test_a_sick_server_is_asked_again(status: int) -> None:
    found = read(status, b"<html>Bad gateway</html>", content_type="text/html; x")

    said = f"HTTP {status}, text/html, no message"
    assert (Deferred("server_error", said),) == found.outcomes
    assert Deferred("server_error", said, counts=False) == found.rest


def test_an_endpoint_that_is_ramped_down_is_asked_slowly() -> None:
    found = read(503, {"code": 4197, "message": "ramped down"})
    told = read(503, {"code": 4197, "message": "ramped down"}, retry_after="30")

    assert (Deferred("server_error", "ramped down", 600.0),) == found.outcomes
    assert (Deferred("server_error", "ramped down", 30.0),) == told.outcomes


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    found = read(status, b"", location="https://elsewhere.example.org/")

    assert ["redirect"] == kinds(found)
    assert "elsewhere" not in found.message


@pytest.mark.parametrize("status", [405, 409, 410, 415, 418, 451, 100])
def test_a_status_nobody_documented_loses_nothing(status: int) -> None:
    assert ["unexpected_status"] == kinds(read(status, b""))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
EVENT = st.fixed_dictionaries(
    {},
    optional={
        "status": JSON | st.sampled_from(["processed", "failed"]),
        "error_message": JSON,
        "warning_message": JSON,
    },
)
BODY = st.fixed_dictionaries(
    {},
    optional={
        "code": JSON,
        "message": JSON,
        "events": JSON | st.lists(EVENT | JSON, max_size=4),
        "details": JSON
        | st.fixed_dictionaries({}, optional={"events": st.lists(EVENT, max_size=4)}),
        "num_events_received": JSON,
        "num_events_processed": JSON,
    },
)


@given(st.integers(100, 599), st.binary() | BODY | JSON, st.integers(1, 4))
def test_any_answer_settles_every_event_or_halves_the_batch(
    status: int, body: object, n_events: int
) -> None:
    found = read(status, body, n_events)

    assert len(found.outcomes) == n_events or (n_events > 1 and not found.outcomes)
