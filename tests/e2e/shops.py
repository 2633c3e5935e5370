"""Shops that post genuine webhooks, many at once, and note what they were told."""

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from threading import local
from time import monotonic, perf_counter, sleep

from forwarder.core.event import Notice
from forwarder.samples import TEST_SECRETS, fresh
from tests.e2e.box import Box

# One ordinary webhook per source, and the ids of the events that must come of it.
CASES = {
    "shopify": ("orders-paid", ("shopify:my-shopify:5900{}:checkout",)),
    "woocommerce": ("order-created", ("woocommerce:my-woocommerce:4{}:checkout",)),
    "stripe": (
        "checkout-session-completed",
        ("stripe:my-stripe:cs_live_a1{}:checkout",),
    ),
    "kit": (
        "subscriber-activated",
        ("kit:my-kit:987{}:signup", "kit:my-kit:988{}:signup"),
    ),
    "mailerlite": (
        "subscriber-active",
        ("mailerlite:my-mailerlite:1400{}:signup",),
    ),
    "mailchimp": ("subscribe", ("mailchimp:my-mailchimp:8a25{}:signup",)),
    "standard_webhooks": ("checkout", ("own-{}-checkout",)),
}
FIRST_SERIAL = 100_000
THREADS = 6
GIVE_UP_S = 60.0
AGAIN_AFTER_S = 0.2
LOST = 0


@dataclass(frozen=True, slots=True)
class Webhook:
    """What one shop has to tell."""

    source: str
    serial: int

    @property
    def endpoint(self) -> str:
        return f"my-{self.source.replace('_', '-')}"

    @property
    def event_ids(self) -> list[str]:
        return [pattern.format(self.serial) for pattern in CASES[self.source][1]]

    def notice(self) -> Notice:
        case = CASES[self.source][0]
        now = datetime.now(UTC)  # noqa: TID251 - a shop signs by its own clock
        return fresh(self.source, case, TEST_SECRETS[self.source], now, self.serial)


@dataclass(slots=True)
class Told:
    """What the shops were told, in sum."""

    accepted: int = 0
    duplicates: int = 0
    repeated: int = 0  # posted again, since no answer came or a 503
    others: list[str] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)
    event_ids: set[str] = field(default_factory=set)


def webhooks(n: int, sources: Sequence[str] = tuple(CASES)) -> Iterator[Webhook]:
    """Give `n` webhooks of several sources in turn, each of somebody else."""
    for place in range(n):
        yield Webhook(sources[place % len(sources)], FIRST_SERIAL + place)


def post_all(box: Box, given: Iterable[Webhook], threads: int = THREADS) -> Told:
    """Post from several threads, each over one connection it keeps.

    As shops do, they post again what was not answered, or with 503.
    """
    told = Told()
    mine = local()
    lines: list[HTTPConnection] = []

    def line() -> HTTPConnection:
        if not hasattr(mine, "line"):
            mine.line = HTTPConnection("127.0.0.1", box.port, timeout=GIVE_UP_S)
            lines.append(mine.line)
        return mine.line

    def post_one(webhook: Webhook) -> tuple[Webhook, int, bytes, float]:
        notice = webhook.notice()
        deadline = monotonic() + GIVE_UP_S
        while True:
            started_s = perf_counter()
            status, body = _post(line(), webhook, notice)
            if status not in {LOST, 503}:
                return webhook, status, body, perf_counter() - started_s
            assert monotonic() < deadline, "the service does not come back"
            told.repeated += 1
            sleep(AGAIN_AFTER_S)

    with ThreadPoolExecutor(threads) as pool:
        for webhook, status, body, took_s in pool.map(post_one, given):
            _note(told, webhook, status, body)
            told.took_s.append(took_s)
    for one in lines:
        one.close()
    return told


def _post(line: HTTPConnection, webhook: Webhook, notice: Notice) -> tuple[int, bytes]:
    """Return status and body; the status is LOST when no answer came."""
    path = f"/hooks/{webhook.endpoint}/{notice.path_secret}".rstrip("/")
    try:
        line.request("POST", path, notice.body, dict(notice.headers))
        reply = line.getresponse()
        return reply.status, reply.read()
    except (HTTPException, OSError):
        line.close()
        return LOST, b""


def _note(told: Told, webhook: Webhook, status: int, body: bytes) -> None:
    if status != 200:
        told.others.append(f"{status} {body[:200]!r}")
        return
    answer = json.loads(body)
    told.accepted += answer["accepted"]
    told.duplicates += answer["duplicates"]
    told.event_ids.update(webhook.event_ids)
    if answer["ignored"] or answer["quarantined"]:
        told.others.append(body.decode())


def in_sum(parts: Iterable[Told]) -> Told:
    """Return several tellings as one."""
    sum_ = Told()
    for part in parts:
        sum_.accepted += part.accepted
        sum_.duplicates += part.duplicates
        sum_.repeated += part.repeated
        sum_.others += part.others
        sum_.took_s += part.took_s
        sum_.event_ids |= part.event_ids
    return sum_
