"""Batches go out, outcomes come back: over a real socket, with every fault."""

import hashlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from forwarder.core.bucket import Bucket
from forwarder.core.delivery import (
    Answer,
    Blocked,
    Deferred,
    Delivered,
    Outcome,
    Refused,
)
from forwarder.destinations.pinterest import PinterestDestination
from tests.certificates import certificate
from tests.destinations.pinterest.conftest import Make
from tests.destinations.pinterest.people import CHECKOUT, settings
from tests.destinations.pinterest.wire import Call, Platform, Said, processed, told

HASH = hashlib.sha256(b"ada@shop.org").hexdigest()


def bodies(n_events: int, start: int = 0) -> list[bytes]:
    return [
        json.dumps(
            {"event_id": f"e{n}", "user_data": {"em": [HASH]}}, separators=(",", ":")
        ).encode()
        for n in range(start, start + n_events)
    ]


def outcomes(answers: Sequence[Answer]) -> list[Outcome]:
    return [one for answer in answers for one in answer.outcomes]


def ids(call: Call) -> list[str]:
    return [one["event_id"] for one in call.events]


def test_events_leave_byte_for_byte_and_settle(platform: Platform, make: Make) -> None:
    batch = bodies(3)

    answers = list(make().send(batch))

    call = platform.calls[0]
    assert b'{"data":[' + b",".join(batch) + b"]}" == call.body
    assert "/v5/ad_accounts/549755885175/events" == call.path
    assert "Bearer pina_not-a-real-token" == call.headers["authorization"]
    assert "application/json" == call.headers["content-type"]
    assert "cookie" not in call.headers
    assert [Delivered()] * 3 == outcomes(answers)
    assert (200, 3, "123-abc") == (
        answers[0].http_status,
        answers[0].n_events,
        answers[0].request_id,
    )


def test_an_empty_batch_asks_nothing(platform: Platform, make: Make) -> None:
    assert [] == list(make().send([]))
    assert [] == platform.calls


def test_an_encoded_event_goes_through(platform: Platform, make: Make) -> None:
    destination = make()
    encoded = destination.encode(CHECKOUT)

    answers = list(destination.send([encoded.body]))  # type: ignore[union-attr]

    assert [Delivered()] == outcomes(answers)
    assert "checkout" == platform.calls[0].events[0]["event_name"]


def test_test_mode_says_so_and_sends_twenty_at_once(
    platform: Platform, make: Make
) -> None:
    destination = make(test_mode=True)

    answers = list(destination.send(bodies(45)))

    assert ("main:test", 20) == (destination.name, destination.max_batch)
    assert [20, 20, 5] == [len(call.events) for call in platform.calls]
    assert all(call.path.endswith("/events?test=true") for call in platform.calls)
    assert [Delivered()] * 45 == outcomes(answers)


def test_a_batch_is_cut_at_events_and_at_bytes(platform: Platform, make: Make) -> None:
    batch = bodies(7)
    room = len(b'{"data":[]}') + sum(map(len, batch[:3])) + 3

    by_events = list(make(max_batch=3).send(batch))
    by_bytes = list(make(max_body_bytes=room).send(batch))

    assert [3, 3, 1] * 2 == [len(call.events) for call in platform.calls]
    assert all(len(call.body) <= room for call in platform.calls[3:])
    assert 7 == len(outcomes(by_events)) == len(outcomes(by_bytes))


def test_an_unhashed_event_never_leaves(platform: Platform, make: Make) -> None:
    clear = b'{"event_id":"bad","user_data":{"em":["jane@shop.org"]}}'

    answers = list(make().send([*bodies(2), clear, *bodies(1, start=2)]))

    assert [["e0", "e1"], ["e2"]] == [ids(call) for call in platform.calls]
    refused = Refused("unhashed", "a value that must be hashed is in clear")
    assert [Delivered(), Delivered(), refused, Delivered()] == outcomes(answers)


def poisoned(*names: str) -> Callable[[Call], Said]:
    """Refuse, as Pinterest's schema does, every request that holds one of these."""

    def script(call: Call) -> Said:
        if set(names) & set(ids(call)):
            said = {"code": 4196, "message": "Invalid request: 'x' was unexpected"}
            return Said(status=400, body=json.dumps(said).encode())
        return processed(call)

    return script


@pytest.mark.parametrize("bad", [0, 499, 500, 777, 999])
def test_one_poisoned_event_in_a_thousand_is_refused_alone(
    platform: Platform, make: Make, bad: int
) -> None:
    platform.script = poisoned(f"e{bad}")

    found = outcomes(list(make().send(bodies(1000))))

    refused = Refused("invalid", "Invalid request: 'x' was unexpected")
    assert 1000 == len(found)
    assert [bad] == [n for n, one in enumerate(found) if one == refused]
    assert 999 == found.count(Delivered())
    assert len(platform.calls) <= 21


def test_answers_of_halves_come_in_the_order_of_the_batch(
    platform: Platform, make: Make
) -> None:
    platform.script = poisoned("e1", "e6")

    answers = list(make().send(bodies(8)))

    refused = Refused("invalid", "Invalid request: 'x' was unexpected")
    expected = [refused if n in {1, 6} else Delivered() for n in range(8)]
    assert expected == outcomes(answers)
    assert 8 == answers[0].n_events
    assert () == answers[0].outcomes


def test_a_422_with_a_list_resends_nothing(platform: Platform, make: Make) -> None:
    failed = {"status": "failed", "error_message": "Given timestamp is in the past"}
    platform.script = lambda _call: told([{"status": "processed"}, failed], 422)

    answers = list(make().send(bodies(2)))

    refused = Refused("rejected", "Given timestamp is in the past")
    assert [Delivered(), refused] == outcomes(answers)
    assert 1 == len(platform.calls)


def test_a_422_without_a_list_is_halved(platform: Platform, make: Make) -> None:
    platform.script = lambda call: (
        Said(status=422, body=b'{"code":953,"message":"no"}')
        if len(call.events) > 1
        else processed(call)
    )

    assert [Delivered()] * 4 == outcomes(list(make().send(bodies(4))))
    assert [4, 2, 1, 1, 2, 1, 1] == [len(call.events) for call in platform.calls]


def test_messages_on_the_list_are_tried_again(platform: Platform, make: Make) -> None:
    failed = {"status": "failed", "error_message": "Temporarily unavailable"}
    platform.script = lambda _call: told([failed])

    found = outcomes(list(make(retry_messages=("unavailable",)).send(bodies(1))))

    assert [Deferred("rejected_for_now", "Temporarily unavailable")] == found


@pytest.mark.parametrize(
    ("status", "reason"), [(401, "auth"), (403, "permission"), (404, "account")]
)
def test_a_wrong_token_stops_the_rest_of_the_batch(
    platform: Platform, make: Make, status: int, reason: str
) -> None:
    platform.script = lambda _call: Said(status=status, body=b'{"message":"No."}')

    found = outcomes(list(make(max_batch=2).send(bodies(5))))

    assert [Blocked(reason, "No.")] * 5 == found
    assert 1 == len(platform.calls)


def in_seconds(seconds: float) -> dict[str, str]:
    until = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(seconds=seconds)
    return {"Retry-After": format_datetime(until, usegmt=True)}


@pytest.mark.parametrize(
    ("headers", "pause_s"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"X-RateLimit-Reset": "58"}, 58.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "99999"}, 3600.0),
        (in_seconds(-3600), 1.0),
        ({}, None),
    ],
)
def test_a_rate_limit_stops_the_rest_and_uses_up_no_attempt(
    platform: Platform, make: Make, headers: dict[str, str], pause_s: float | None
) -> None:
    platform.script = lambda _call: Said(status=429, body=b"{}", headers=headers)

    answers = list(make(max_batch=2).send(bodies(5)))

    limited = Deferred("rate_limited", "HTTP 429, no message", pause_s, counts=False)
    assert [limited] * 5 == outcomes(answers)
    assert pause_s == answers[0].pause_s
    assert 1 == len(platform.calls)


def test_after_a_rate_limit_nothing_leaves_until_the_pause_is_over(
    platform: Platform, make: Make
) -> None:
    now = [100.0]
    destination = make(bucket=Bucket(5000, lambda: now[0]))
    platform.script = lambda _call: Said(status=429, headers={"Retry-After": "30"})
    list(destination.send(bodies(1)))
    platform.script = processed

    too_early = list(destination.send(bodies(2)))
    now[0] += 30.0
    in_time = list(destination.send(bodies(2)))

    own = Deferred("rate_limited", "own limit", 30.0, counts=False)
    assert [own, own] == outcomes(too_early)
    assert (None, 30.0) == (too_early[0].http_status, too_early[0].pause_s)
    assert [Delivered()] * 2 == outcomes(in_time)
    assert 2 == len(platform.calls)


def test_the_last_request_allowed_holds_back_the_rest(
    platform: Platform, make: Make
) -> None:
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "58"}
    platform.script = lambda call: Said(body=processed(call).body, headers=spent)
    still = Bucket(5000, lambda: 100.0)

    answers = list(make(bucket=still, max_batch=2).send(bodies(5)))

    own = Deferred("rate_limited", "own limit", 58.0, counts=False)
    assert [Delivered()] * 2 + [own] * 3 == outcomes(answers)
    assert 58.0 == answers[0].pause_s
    assert 1 == len(platform.calls)


def test_short_waits_are_slept_through_and_long_ones_handed_back(
    platform: Platform,
) -> None:
    now, naps = [0.0], []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        now[0] += seconds

    destination = PinterestDestination(
        "main",
        settings(base_url=platform.url, max_batch=1),
        clock=time.monotonic,
        sleep=sleep,
        bucket=Bucket(600, lambda: now[0]),
    )
    found = outcomes(list(destination.send(bodies(12))))
    destination.close()

    assert [Delivered()] * 12 == found
    assert 2 == len(naps)
    assert all(0 < nap <= 0.25 for nap in naps)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_sick_server_leaves_the_rest_for_later(
    platform: Platform, make: Make, status: int
) -> None:
    html = {"Content-Type": "text/html"}
    platform.script = lambda _call: Said(
        status=status, body=b"<html>x</html>", headers=html
    )

    found = outcomes(list(make(max_batch=2).send(bodies(3))))

    said = f"HTTP {status}, text/html, no message"
    tried = Deferred("server_error", said)
    assert [tried, tried, Deferred("server_error", said, counts=False)] == found
    assert 1 == len(platform.calls)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/v5/elsewhere", "http://[::1", ""])
def test_a_redirect_is_never_followed(
    platform: Platform, make: Make, status: int, location: str
) -> None:
    platform.script = lambda _call: Said(status=status, headers={"Location": location})

    found = outcomes(list(make().send(bodies(1))))

    assert [Deferred("redirect", f"HTTP {status}, no message")] == found
    assert 1 == len(platform.calls)


def test_a_silent_server_may_have_taken_the_events(
    platform: Platform, make: Make
) -> None:
    platform.script = lambda _call: Said(fault="hang")

    found = outcomes(list(make(read_timeout_s=0.1).send(bodies(2))))

    assert [Deferred("answer_lost", "ReadTimeout: ReadTimeoutError", 60.0)] * 2 == found


@pytest.mark.parametrize("fault", ["reset", "cut", "drip"])
def test_a_broken_answer_may_have_taken_the_events(
    platform: Platform, make: Make, fault: str
) -> None:
    platform.script = lambda call: Said(body=processed(call).body, fault=fault)

    found = outcomes(list(make(read_timeout_s=0.1).send(bodies(1))))

    assert 1 == len(found)
    assert isinstance(found[0], Deferred)
    assert ("answer_lost", 60.0, True) == (
        found[0].reason,
        found[0].retry_after_s,
        found[0].counts,
    )
    assert "127.0.0.1" not in found[0].message


def test_a_server_that_is_not_there_has_taken_nothing(make: Make) -> None:
    destination = make(base_url="http://127.0.0.1:9/v5")  # discard: nobody listens

    found = outcomes(list(destination.send(bodies(2))))

    expected = Deferred("network", "ConnectionError: NewConnectionError")
    assert [expected] * 2 == found


def test_a_server_that_nobody_vouches_for_hears_nothing(
    platform: Platform, make: Make, tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path, timedelta(days=1)))
    platform.socket = context.wrap_socket(platform.socket, server_side=True)
    destination = make(base_url=platform.url.replace("http:", "https:"))

    found = outcomes(list(destination.send(bodies(2))))

    assert [Deferred("network", "SSLError: SSLError")] * 2 == found
    assert [] == platform.calls


def test_a_name_that_leads_nowhere_costs_time_only(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    destination = make(base_url="https://platform.invalid/v5")

    found = outcomes(list(destination.send(bodies(1))))

    assert [Deferred("network", "ConnectionError: NameResolutionError")] == found


def test_a_long_list_of_warnings_is_read_to_its_end(
    platform: Platform, make: Make
) -> None:
    warning = "external_id is missing. We highly recommend this on all events. ; x" * 2
    one = {"status": "processed", "error_message": "", "warning_message": warning}
    platform.script = lambda call: told([one for _ in call.events])

    found = outcomes(list(make().send(bodies(1000))))

    assert [Delivered(warning)] * 1000 == found


def test_an_endless_answer_is_cut_off(platform: Platform, make: Make) -> None:
    platform.script = lambda _call: Said(body=b'{"events":[' + b" " * 3_000_000)

    found = outcomes(list(make().send(bodies(1))))

    assert [Deferred("answer_unclear", "HTTP 200, no message", 60.0)] == found


def test_cookies_are_not_kept(platform: Platform, make: Make) -> None:
    cookie = {"Set-Cookie": "_ir=0; path=/"}
    platform.script = lambda call: Said(body=processed(call).body, headers=cookie)
    destination = make()

    list(destination.send(bodies(1)))
    list(destination.send(bodies(1)))

    assert 2 == len(platform.calls)
    assert "cookie" not in platform.calls[1].headers


def test_the_environment_sets_no_proxy(
    platform: Platform, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    assert [Delivered()] == outcomes(list(make().send(bodies(1))))
    assert 1 == len(platform.calls)


def test_several_threads_share_one_destination(platform: Platform, make: Make) -> None:
    destination, found = make(), []

    def work(number: int) -> None:
        found.extend(outcomes(list(destination.send(bodies(50, start=50 * number)))))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [Delivered()] * 400 == found
    sent = {one for call in platform.calls for one in ids(call)}
    assert 400 == len(sent)


@pytest.mark.parametrize(
    ("status", "expected"), [(200, Delivered()), (401, Blocked("auth", "No."))]
)
def test_the_check_asks_in_test_mode(
    platform: Platform, make: Make, status: int, expected: Outcome
) -> None:
    platform.script = lambda call: (
        processed(call)
        if status == 200
        else Said(status=status, body=b'{"message":"No."}')
    )

    found = make().check(datetime(2026, 11, 20, tzinfo=UTC))

    assert (expected,) == found.outcomes
    assert platform.calls[0].path.endswith("/events?test=true")
    assert 1795132800 == platform.calls[0].events[0]["event_time"]


def test_what_the_operator_reads_holds_no_token(make: Make) -> None:
    destination = make()
    answers = list(destination.send(bodies(1)))

    assert "pina_" not in f"{destination!r}{destination.__dict__['_settings']!r}"
    assert "pina_" not in repr(answers)
    assert "pina_" not in destination.credential


def test_the_fingerprint_follows_token_account_and_address() -> None:
    found = {
        PinterestDestination("main", settings(**one)).credential
        for one in (
            {},
            {"token": "pina_other-token"},
            {"ad_account_id": "1"},
            {"base_url": "https://api.example.org/v5"},
        )
    }

    assert 4 == len(found)


def test_the_oldest_event_is_stopped_before_pinterest_does() -> None:
    destination = PinterestDestination("main", settings())

    assert timedelta(days=7, minutes=-10) == destination.max_age
    assert ("main", 1000) == (destination.name, destination.max_batch)


def test_late_events_may_be_stopped_after_an_hour() -> None:
    destination = PinterestDestination("main", settings(late_policy="skip"))

    assert timedelta(hours=1) == destination.max_age
