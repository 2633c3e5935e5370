"""What the sandbox remembers, and the JSON it shows it in."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest

from forwarder.sandbox import SandboxOptions
from forwarder.sandbox.ledger import Ledger
from tests.sandbox.conftest import Caller
from tests.sandbox.samples import (
    BEARER,
    EVENTS_URL,
    NOW_S,
    a_batch,
    a_checkout,
    an_event,
)

Call = Callable[..., Caller]


def test_an_empty_ledger_has_the_whole_shape(call: Call) -> None:
    assert call().ledger() == {
        "received": 0,
        "unique": 0,
        "duplicates": 0,
        "duplicates_identical": 0,
        "rejected": 0,
        "late_offline": 0,
        "requests": 0,
        "test_requests": 0,
        "by_status": {},
        "batches": {"count": 0, "max": 0},
        "events": [],
    }


def test_the_ledger_keeps_what_was_accepted(call: Call) -> None:
    caller = call()
    caller.send(a_checkout(1), an_event(event_id="bad", event_time=-1))
    caller.send({})
    ledger = caller.ledger()

    assert ledger["events"] == [
        {
            "ad_account_id": "549755885175",
            "received_at": "2026-11-18T11:06:40+00:00",
            "event": a_checkout(1),
            "offline": False,
            "duplicates": 0,
            "duplicates_identical": 0,
        }
    ]
    assert (ledger["received"], ledger["unique"], ledger["rejected"]) == (2, 1, 1)
    assert (ledger["requests"], ledger["by_status"]) == (2, {"400": 1, "422": 1})
    assert ledger["batches"] == {"count": 1, "max": 2}


def test_the_first_copy_is_kept_and_later_ones_are_counted(call: Call) -> None:
    caller = call()
    first, other = a_checkout(1), a_checkout(1, language="de")
    caller.send(first)
    answer = caller.send(first, other)
    ledger = caller.ledger()

    assert answer.get_json()["num_events_processed"] == 2
    assert [entry["event"] for entry in ledger["events"]] == [first]
    assert (ledger["received"], ledger["unique"], ledger["duplicates"]) == (3, 1, 2)
    assert ledger["duplicates_identical"] == 1
    assert ledger["events"][0]["duplicates"] == 2


def test_identical_means_byte_for_byte(call: Call) -> None:
    caller = call()
    compact = json.dumps(a_batch(a_checkout()), separators=(",", ":"))
    for body in (compact, compact, json.dumps(a_batch(a_checkout()))):
        caller.client.post(EVENTS_URL, data=body, headers=BEARER)

    assert caller.ledger()["duplicates"] == 2
    assert caller.ledger()["duplicates_identical"] == 1


def test_the_key_is_account_name_and_id(call: Call) -> None:
    caller = call()
    caller.send(an_event(event_name="lead"), an_event(event_name="signup"))
    url = "/v5/ad_accounts/2/events"
    caller.client.post(url, json=a_batch(an_event()), headers=BEARER)

    assert caller.ledger()["unique"] == 3


def test_offline_events_are_never_deduplicated(call: Call) -> None:
    caller = call()
    caller.send(*[an_event(action_source="offline")] * 2)

    assert caller.ledger()["unique"] == 2
    assert caller.ledger()["events"][0]["offline"] is True


def test_a_web_event_an_hour_late_counts_as_offline(call: Call) -> None:
    caller = call()
    caller.send(an_event(event_time=NOW_S - 3_600))
    caller.send(*[an_event(event_id="late", event_time=NOW_S - 3_601)] * 2)
    ledger = caller.ledger()

    assert [entry["offline"] for entry in ledger["events"]] == [False, True]
    assert (ledger["duplicates"], ledger["late_offline"]) == (1, 2)


def test_late_web_events_may_lose_their_dedup(call: Call) -> None:
    caller = call(late_web_dedup=False)
    caller.send(*[an_event(event_time=NOW_S - 3_601)] * 2)

    assert caller.ledger()["unique"] == 2


def test_copies_further_apart_than_the_window_both_count(call: Call) -> None:
    caller = call(dedup_window_s=100)
    for wait_s in (0, 100, 1):
        caller.clock.now_s += wait_s
        caller.send(an_event())

    assert caller.ledger()["duplicates"] == 1
    assert caller.ledger()["unique"] == 2


def test_duplicates_are_named_only_if_asked(call: Call) -> None:
    quiet, loud = call(), call(flag_duplicates=True)
    event = a_checkout()
    results = [
        [caller.send(event).get_json()["events"][0] for _ in range(2)]
        for caller in (quiet, loud)
    ]

    assert results[0][0] == results[0][1]
    assert results[1][1]["warning_message"] == "This event is a duplicate."


def test_the_ledger_is_paged(call: Call) -> None:
    caller = call()
    caller.send(*[an_event(event_id=str(n)) for n in range(5)])
    page = caller.get("/_sandbox/ledger", limit="2", offset="3").get_json()
    counts = caller.get("/_sandbox/ledger", events="0").get_json()

    assert [entry["event"]["event_id"] for entry in page["events"]] == ["3", "4"]
    assert page["unique"] == counts["unique"] == 5
    assert "events" not in counts
    assert caller.get("/_sandbox/ledger", limit="x").status_code == 400


def test_a_cleared_ledger_knows_nothing(call: Call) -> None:
    caller = call()
    caller.send(an_event())
    caller.client.delete("/_sandbox/ledger")
    caller.send(an_event())

    assert (caller.ledger()["unique"], caller.ledger()["duplicates"]) == (1, 0)
    assert caller.ledger()["requests"] == 1


def _opened(path: Path) -> Ledger:
    return Ledger(SandboxOptions(ledger_path=path))


def _record(ledger: Ledger, *events: object) -> None:
    pairs = [(event, json.dumps(event).encode()) for event in events]
    ledger.record("1", pairs, NOW_S)
    ledger.count_batch(len(pairs) + 1, 1)
    ledger.count_request("422", is_test=False)


def test_a_ledger_file_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "ledger.ndjson"
    before = _opened(path)
    _record(before, an_event(), an_event(), a_checkout())
    before.close()
    after = _opened(path)
    after.close()

    assert after.counts()["unique"] == 2
    assert orjson.dumps(after.page(None, 0)) == orjson.dumps(before.page(None, 0))


def test_a_torn_last_line_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "ledger.ndjson"
    before = _opened(path)
    _record(before, an_event())
    before.close()
    with path.open("a") as file:
        file.write('{"what":"event","raw":"{')
    after = _opened(path)
    _record(after, a_checkout())
    after.close()
    again = _opened(path)
    again.close()

    assert again.counts()["unique"] == 2


def test_a_cleared_ledger_file_is_empty(tmp_path: Path) -> None:
    ledger = _opened(tmp_path / "ledger.ndjson")
    _record(ledger, an_event())
    ledger.clear()
    ledger.close()

    assert (tmp_path / "ledger.ndjson").read_bytes() == b""


def test_many_threads_lose_no_event() -> None:
    ledger = Ledger(SandboxOptions())

    def record(worker: int) -> None:
        for number in range(50):
            _record(ledger, an_event(event_id=f"{worker}-{number}"), an_event())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(record, range(8)))
    counts = ledger.counts()

    assert counts["unique"] == 401
    assert counts["duplicates"] == 399
    assert counts["requests"] == 400


def test_throughput_smoke(call: Call) -> None:
    caller = call()
    for start in range(0, 5_000, 1_000):
        events = [a_checkout(number) for number in range(start, start + 1_000)]

        assert caller.send(*events).status_code == 200
    assert caller.get("/_sandbox/ledger", events="0").get_json()["unique"] == 5_000


@pytest.mark.parametrize("status", ["token", "Bearer"])
def test_the_ledger_never_shows_a_token(call: Call, status: str) -> None:
    caller = call()
    caller.send(an_event())

    assert status not in json.dumps(caller.ledger())
