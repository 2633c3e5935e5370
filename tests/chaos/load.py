"""Shops that post while things break, and keep a book of what they were answered."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from random import Random  # noqa: TID251 - with a seed that is written down
from threading import Event, Lock, local
from time import monotonic, perf_counter, sleep

from tests.e2e.shops import CASES, Webhook

API_SHARE = 0.8  # of the events; the rest comes by webhook, one or two in each
EVENTS_PER_CALL = 50
REPEAT_SHARE = 0.03
FORGE_SHARE = 0.02
THREADS = 6
ANSWER_S = 15.0
GIVE_UP_S = 120.0
AGAIN_AFTER_S = 0.2
LOST = 0
UNCLEAR = 599
PEOPLE = "readers.example.com"
Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """One request that a sender makes until it is answered. Ids: what it tells of."""

    door: str
    event_ids: Sequence[str]
    request: Callable[[], tuple[str, bytes, Headers]] = field(repr=False)
    is_forged: bool = False


@dataclass(slots=True)
class Book:
    """What was answered, and how fast. Units: calls, events, seconds."""

    n_calls: int = 0
    n_repeated: int = 0  # again after no answer or a 503
    n_forged: int = 0
    event_ids: set[str] = field(default_factory=set)
    doubtful_ids: set[str] = field(default_factory=set)  # asked, never answered
    notice_ids: set[int] = field(default_factory=set)
    took_s: dict[str, list[float]] = field(default_factory=dict)
    waited_s: list[float] = field(default_factory=list)  # for any answer at all
    statuses: dict[int, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock, repr=False)

    def note(self, call: Call, status: int, body: bytes, took_s: float) -> None:
        """Write one final answer down."""
        with self.lock:
            self.n_calls += 1
            self.took_s.setdefault(call.door, []).append(took_s)
            if call.is_forged:
                self.n_forged += 1
                if status != 401:
                    self.wrong.append(f"a forged webhook was answered {status}")
            elif status == 200:
                self._note_accepted(call, json.loads(body))
            else:
                self.wrong.append(f"{call.door}: {status} {body[:200]!r}")

    def _note_accepted(self, call: Call, answer: dict[str, int]) -> None:
        self.event_ids.update(call.event_ids)
        self.doubtful_ids.difference_update(call.event_ids)
        if answer["notice"]:
            self.notice_ids.add(answer["notice"])
        told = answer["accepted"] + answer["duplicates"]
        if call.event_ids and told != len(call.event_ids):
            self.wrong.append(f"{call.door}: {told} of {len(call.event_ids)} events")

    def note_try(self, call: Call, status: int, took_s: float) -> None:
        """Write down one try, be it answered, told to come again, or not answered."""
        with self.lock:
            self.waited_s.append(took_s)
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status in {LOST, 503}:
                self.n_repeated += 1
                self.doubtful_ids.update(set(call.event_ids) - self.event_ids)


def by_webhook(webhook: Webhook, *, is_forged: bool = False) -> Call:
    """Return the call of one shop."""

    def request() -> tuple[str, bytes, Headers]:
        notice = webhook.notice()
        path = f"/hooks/{webhook.endpoint}/{notice.path_secret}".rstrip("/")
        body = notice.body + b" " if is_forged else notice.body
        return path, body, dict(notice.headers)

    return Call(webhook.source, webhook.event_ids, request, is_forged)


def by_api(key: str, serials: Sequence[int]) -> Call:
    """Return one call of our own JSON API."""
    ids = [f"api-{serial}" for serial in serials]

    def request() -> tuple[str, bytes, Headers]:
        now = datetime.now(UTC).isoformat()  # noqa: TID251 - a shop's own clock
        events = [_event(serial, now) for serial in serials]
        headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
        }
        return "/api/v1/events", json.dumps({"events": events}).encode(), headers

    return Call("api", ids, request)


def _event(serial: int, now: str) -> dict[str, object]:
    return {
        "event_id": f"api-{serial}",
        "kind": "checkout",
        "occurred_at": now,
        "person": {"email": f"reader.{serial}@{PEOPLE}"},
        "order": {"id": f"A-{serial}", "value": "12.30", "currency": "EUR"},
    }


def calls(random: Random, n_events: int, first: int, key: str) -> list[Call]:
    """Return calls with about so many events: mixed, some twice, some forged."""
    n_api = round(n_events * API_SHARE / EVENTS_PER_CALL)
    found = [
        by_api(key, range(start, start + EVENTS_PER_CALL))
        for start in range(first, first + n_api * EVENTS_PER_CALL, EVENTS_PER_CALL)
    ]
    sources = list(CASES)
    n_left = n_events - n_api * EVENTS_PER_CALL
    for place in range(n_left):
        source = sources[random.randrange(len(sources))]
        found.append(by_webhook(Webhook(source, first + place)))
    again = random.sample(found, k=round(len(found) * REPEAT_SHARE))
    forged = [
        by_webhook(Webhook("shopify", first + n_events + place), is_forged=True)
        for place in range(round(n_left * FORGE_SHARE))
    ]
    found += again + forged
    random.shuffle(found)
    return found


@dataclass
class Senders:
    """Post calls over kept connections until each is answered, or it is over."""

    port: int
    book: Book
    over: Event = field(default_factory=Event)

    def post_all(self, given: Sequence[Call], threads: int = THREADS) -> None:
        mine = local()
        lines: list[HTTPConnection] = []

        def line() -> HTTPConnection:
            if not hasattr(mine, "line"):
                mine.line = HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)
                lines.append(mine.line)
            return mine.line

        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(self._post, line, call) for call in given]:
                done.result()
        for one in lines:
            one.close()

    def _post(self, line: Callable[[], HTTPConnection], call: Call) -> None:
        deadline = monotonic() + GIVE_UP_S
        while not self.over.is_set():
            started_s = perf_counter()
            status, body = _ask(line(), call)
            took_s = perf_counter() - started_s
            self.book.note_try(call, status, took_s)
            if status not in {LOST, 503}:
                self.book.note(call, status, body, took_s)
                return
            if monotonic() > deadline:
                raise AssertionError("the service does not come back")
            sleep(AGAIN_AFTER_S)


def _ask(line: HTTPConnection, call: Call) -> tuple[int, bytes]:
    path, body, headers = call.request()
    try:
        line.request("POST", path, body, headers)
        reply = line.getresponse()
        found = reply.read()
    except (HTTPException, OSError):
        line.close()
        return LOST, b""
    if reply.status == 503 and not reply.headers.get("Retry-After"):
        return UNCLEAR, b"a 503 without Retry-After"
    return reply.status, found


def in_parts(given: Sequence[Call], n_parts: int) -> Iterator[Sequence[Call]]:
    """Give the calls in so many parts, one after another."""
    size = -(-len(given) // n_parts)
    for start in range(0, len(given), size):
        yield given[start : start + size]
