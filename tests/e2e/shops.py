"""Shops that post genuine webhooks, many at once, and note what they were told."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import local
from time import monotonic, perf_counter, sleep

import requests

from forwarder.cli.trigger import post
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

    def post_one(webhook: Webhook) -> tuple[Webhook, requests.Response, float]:
        if not hasattr(mine, "session"):
            mine.session = requests.Session()
            mine.session.trust_env = False
        url = f"{box.url}/hooks/{webhook.endpoint}"
        notice = webhook.notice()
        deadline = monotonic() + GIVE_UP_S
        while True:
            started_s = perf_counter()
            reply = _answer(url, notice, mine.session)
            if reply is not None and reply.status_code != 503:
                return webhook, reply, perf_counter() - started_s
            assert monotonic() < deadline, "the service does not come back"
            told.repeated += 1
            sleep(AGAIN_AFTER_S)

    with ThreadPoolExecutor(threads) as pool:
        for webhook, reply, took_s in pool.map(post_one, given):
            _note(told, webhook, reply)
            told.took_s.append(took_s)
    return told


def _answer(
    url: str, notice: Notice, session: requests.Session
) -> requests.Response | None:
    """Return the answer; None when the connection broke before it came."""
    try:
        return post(url, notice, session)
    except requests.RequestException:
        return None


def _note(told: Told, webhook: Webhook, reply: requests.Response) -> None:
    if reply.status_code != 200:
        told.others.append(f"{reply.status_code} {reply.text[:200]}")
        return
    answer = reply.json()
    told.accepted += answer["accepted"]
    told.duplicates += answer["duplicates"]
    told.event_ids.update(webhook.event_ids)
    if answer["ignored"] or answer["quarantined"]:
        told.others.append(reply.text)
