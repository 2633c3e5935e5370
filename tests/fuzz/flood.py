"""Send spoilt, forged and stale requests to a real web process, and count the answers.

`python -m tests.fuzz.flood --requests 100000 --seed 1` is the long form (`make fuzz`).
"""

import argparse
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from random import Random  # noqa: TID251 - seeded: a run can be repeated
from time import monotonic
from urllib.parse import quote

from forwarder.core.event import Notice
from forwarder.samples import TEST_SECRETS, cases, fresh
from forwarder.sources import SOURCES
from forwarder.store import access
from forwarder.store.access import ApiKey
from tests.e2e.box import Box
from tests.fuzz.mutate import mutants, with_odd_headers

THREADS = 4
GIVE_UP_S = 30.0
# Digits that no genuine request of a run holds: what they leave behind shows itself.
MARK = 666_000
GENUINE_FROM = 100_000
OLD = timedelta(days=2)
STALE_AGE = timedelta(hours=2)
NOT_OURS = "/no/such/place"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `must_fail`: it is forged or stale, so it leaves no event."""

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    must_fail: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Target:
    """Who is asked, and the API key that may operate there."""

    url: str
    key: str


@dataclass(slots=True)
class Count:
    """What the answers were. `faults` are requests whose answer must not be."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    n_accepted: int = 0
    lookalikes: list[bytes] = field(default_factory=list)  # with a forger's digits

    @property
    def n_requests(self) -> int:
        return sum(self.answers.values())


def asks(n: int, seed: int, target: Target) -> Iterator[Ask]:
    """Give `n` requests of all kinds; the same for the same seed and hour."""
    chance = Random(seed)  # noqa: S311 - no secret is made
    pairs = [(s, c) for s in sorted(SOURCES) for c in cases(s) if _is_genuine(c)]
    for number in range(n):
        now = datetime.now(UTC)  # noqa: TID251 - a shop signs by its own clock
        source, case = chance.choice(pairs)
        make = chance.choices(KINDS, WEIGHTS)[0]
        yield make(source, case, now, Random(f"{seed} {number}"), target)  # noqa: S311


def _is_genuine(case: str) -> bool:
    return not case.startswith("refused-")


def _path(source: str, secret: str) -> str:
    name = f"/hooks/my-{source.replace('_', '-')}"
    return f"{name}/{quote(secret)}" if secret else name


def _ask(source: str, notice: Notice, kind: str, *, must_fail: bool) -> Ask:
    path = _path(source, notice.path_secret)
    headers = {name: text for name, text in notice.headers.items() if _fits(text)}
    headers.pop("content-length", None)
    return Ask("POST", path, headers, notice.body, must_fail, kind)


def _at(target: Target, source: str, notice: Notice) -> Notice:
    """Return the notice for our address, which some platforms sign as well."""
    url = f"{target.url}{_path(source, '')}" if notice.url else ""
    return replace(notice, url=url)


def _fits(text: str) -> bool:
    return text.isascii() and text.isprintable()


def spoilt(
    source: str, case: str, now: datetime, chance: Random, target: Target
) -> Ask:
    """A body of nonsense that is signed all the same."""
    serial, secret = chance.randrange(GENUINE_FROM, 600_000), TEST_SECRETS[source]
    whole = fresh(source, case, secret, now, serial)
    mutant = next(mutants(whole, 1, str(chance.random())))
    signed = SOURCES[source].sign(_at(target, source, mutant), secret, now)
    return _ask(source, signed, "spoilt, signed", must_fail=False)


def genuine(
    source: str, case: str, now: datetime, chance: Random, target: Target
) -> Ask:
    """An ordinary webhook, so that the others are met at work."""
    serial = chance.randrange(GENUINE_FROM, 600_000)
    secret = TEST_SECRETS[source]
    notice = fresh(source, case, secret, now, serial)
    if notice.url:
        notice = SOURCES[source].sign(_at(target, source, notice), secret, now)
    return _ask(source, notice, "genuine", must_fail=False)


def wrong_secret(source: str) -> str:
    """Return a secret of the right form that is not the one of the endpoint."""
    prefix, mark, rest = TEST_SECRETS[source].rpartition("_")
    return prefix + mark + rest.translate(str.maketrans("abcdABCD0123", "badcBADC1032"))


def forged(
    source: str, case: str, now: datetime, chance: Random, target: Target
) -> Ask:
    """A webhook signed with a secret that is not ours, its body perhaps spoilt too."""
    del target
    serial = MARK + chance.randrange(999)
    notice = fresh(source, case, wrong_secret(source), now, serial)
    if chance.random() < 0.3:
        notice = replace(notice, body=next(mutants(notice, 1, str(serial))).body)
    return _ask(source, notice, "forged", must_fail=True)


def stale(source: str, case: str, now: datetime, chance: Random, target: Target) -> Ask:
    """A genuine webhook of hours ago, where the platform signs the time."""
    del target, source, case
    source, case = chance.choice(SIGNS_TIME)
    serial = MARK + chance.randrange(999)
    notice = fresh(source, case, TEST_SECRETS[source], now - STALE_AGE, serial)
    return _ask(source, notice, "stale", must_fail=True)


SIGNS_TIME = (
    ("stripe", "checkout-session-completed"),
    ("standard_webhooks", "checkout"),
    ("paddle", "transaction-completed"),
    ("svix", "checkout"),
)
SIGNS_TIME = tuple(
    pair for pair in SIGNS_TIME if pair[0] in SOURCES and pair[1] in cases(pair[0])
)


def odd_header(
    source: str, case: str, now: datetime, chance: Random, target: Target
) -> Ask:
    """A webhook with one header spoilt."""
    del target
    notice = fresh(
        source, case, TEST_SECRETS[source], now, chance.randrange(GENUINE_FROM, 600_000)
    )
    mutant = next(with_odd_headers(notice, 1, str(chance.random())))
    return _ask(source, mutant, "odd header", must_fail=False)


def api(source: str, case: str, now: datetime, chance: Random, target: Target) -> Ask:
    """Something like one of our own events, for the JSON API."""
    event = {
        "event_id": f"api-{chance.randrange(10**6)}",
        "kind": "checkout",
        "occurred_at": now.isoformat(),
        "person": {"email": "ada@example.com"},
        "order": {"id": "1", "value": "1.00", "currency": "EUR"},
    }
    body = json.dumps(event).encode()
    notice = Notice(headers={}, body=body)
    del source, case
    spoilt_body = next(mutants(notice, 1, str(chance.random()))).body
    has_key = chance.random() < 0.8
    bearer = {
        "Authorization": f"Bearer {f'{target.key}-w' if has_key else 'fwd_wrong'}"
    }
    headers = {"Content-Type": "application/json", **bearer}
    path = "/api/v1/events"
    return Ask("POST", path, headers, spoilt_body, not has_key, "api")


def query(source: str, case: str, now: datetime, chance: Random, target: Target) -> Ask:
    """A look at the log with an odd filter."""
    del source, case, now
    names = ("status", "since", "cursor", "limit", "order", "event_id", "who", "x")
    values = ("", "0", "-1", "%00", "%ff", "9" * 30, "refused", "a" * 5_000, "%F0%9F")
    path = chance.choice(
        ("/api/v1/deliveries", "/api/v1/audit", "/api/v1/deliveries/7")
    )
    text = f"{chance.choice(names)}={chance.choice(values)}"
    bearer = {"Authorization": f"Bearer {target.key}"}
    return Ask("GET", f"{path}?{text}", bearer, b"", must_fail=False, kind="query")


def place(source: str, case: str, now: datetime, chance: Random, target: Target) -> Ask:
    """A method or an address that nobody offers."""
    del case, now, target
    method = chance.choice(("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "POST"))
    paths = (
        _path(source, ""),
        "/hooks/%2e%2e/%00",
        "/console/deliveries/99999999999999999999",
        "/hooks/" + "a" * 4_000,
        "/%ff%fe",
        NOT_OURS,
        "/collect",
        "/console/login",
        "//console//",
        "/go/" + "%0d%0aX: y",
    )
    body = b"\x00" * chance.choice((0, 10, 5_000))
    return Ask(method, chance.choice(paths), {}, body, must_fail=False, kind="place")


KINDS = (spoilt, genuine, forged, stale, odd_header, api, query, place)
WEIGHTS = (30, 5, 20, 10, 12, 10, 7, 6)


def flood(port: int, given: Iterator[Ask], count: Count) -> None:
    """Send requests over one connection that is opened again when it breaks."""
    line = HTTPConnection("127.0.0.1", port, timeout=GIVE_UP_S)
    for ask in given:
        started_s = monotonic()
        status, body = _send(line, ask)
        count.slowest_s = max(count.slowest_s, monotonic() - started_s)
        count.answers[ask.kind, status] += 1
        _judge(ask, status, body, count)
    line.close()


def _send(line: HTTPConnection, ask: Ask) -> tuple[int, bytes]:
    try:
        line.request(ask.method, ask.path, ask.body or None, ask.headers)
        reply = line.getresponse()
        return reply.status, reply.read()
    except (HTTPException, OSError):
        line.close()
        return 0, b""


def _judge(ask: Ask, status: int, body: bytes, count: Count) -> None:
    told: dict[str, int] = {}
    with suppress(ValueError, TypeError):
        told = dict(json.loads(body)) if ask.method == "POST" else {}
    if status in {200, 422}:
        count.n_accepted += told.get("accepted", 0)
    # Two platforms sign no ping: it is answered and ignored, no more.
    is_ping = told.get("accepted") == told.get("quarantined") == 0
    is_taken = status == 200 and not is_ping
    if status == 200 and not ask.must_fail and b"666" in ask.body:
        count.lookalikes.append(ask.body)
    is_fault = status >= 500 and status != 503
    is_fault = is_fault or (ask.kind == "genuine" and status not in {0, 200, 503})
    if is_fault or (ask.must_fail and is_taken):
        count.faults.append(f"{ask.kind} {ask.method} {ask.path[:80]}: {status}")


def run(box: Box, n: int, seed: int, threads: int = THREADS) -> Count:
    """Flood a running web process; return what it answered."""
    key = "fwd_the-key-of-the-flood"
    made = ApiKey(name="flood", scope="operate", created_at=box.store.now())
    writes = ApiKey(name="writes", scope="events:write", created_at=box.store.now())
    access.add_api_key(box.store, made, key)
    access.add_api_key(box.store, writes, f"{key}-w")
    counts = [Count() for _ in range(threads)]

    def work(part: int) -> None:
        stream = asks(n // threads, seed * threads + part, Target(box.url, key))
        flood(box.port, stream, counts[part])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    return _in_sum(counts)


def _in_sum(counts: list[Count]) -> Count:
    sum_ = Count()
    for one in counts:
        sum_.answers += one.answers
        sum_.faults += one.faults
        sum_.slowest_s = max(sum_.slowest_s, one.slowest_s)
        sum_.n_accepted += one.n_accepted
        sum_.lookalikes += one.lookalikes
    return sum_


def left_by_forgers(box: Box, count: Count) -> list[str]:
    """Return the ids of events that a forged or stale request left behind.

    One that was genuine and spoilt until it held the digits of a forger is none.
    """
    ids = [line.event_id for line in box.lines()]
    marked = [(one, _marks(one)) for one in ids if _marks(one)]
    return [
        event_id
        for event_id, marks in marked
        if not any(mark in body for mark in marks for body in count.lookalikes)
    ]


def _marks(event_id: str) -> list[bytes]:
    return [
        found.encode() for found in re.findall(r"(?=(666\d{3})(?![0-9a-f]))", event_id)
    ]


def table(count: Count) -> str:
    """Return the answers as a table for people."""
    kinds = sorted({kind for kind, _ in count.answers})
    lines = ["| Request | Number | Answers |", "|---|---|---|"]
    for kind in kinds:
        mine = {s: n for (k, s), n in sorted(count.answers.items()) if k == kind}
        told = ", ".join(f"{s or 'cut off'}: {n:,}" for s, n in mine.items())
        lines.append(f"| {kind} | {sum(mine.values()):,} | {told} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Box(Path(folder)) as box:
        box.upgrade()
        box.start_web()
        started_s = monotonic()
        count = run(box, told.requests, told.seed)
        took_s = monotonic() - started_s
        forgers = left_by_forgers(box, count)
        n_stored = len(box.lines())
    print(table(count))  # noqa: T201 - for people
    print(  # noqa: T201
        f"\n{count.n_requests:,} requests in {took_s:.0f} s, seed {told.seed}: "
        f"{len(count.faults)} faults, {len(forgers)} events of forgers, "
        f"{n_stored:,} events stored, slowest answer {count.slowest_s:.2f} s"
    )
    for fault in [*count.faults[:20], *forgers[:20]]:
        print(fault)  # noqa: T201
    if count.faults or forgers:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
