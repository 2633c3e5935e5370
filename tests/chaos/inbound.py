"""Senders that storm, repeat, change their mind, dawdle and forge."""

import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from time import sleep

import psutil
import requests

from forwarder.samples import TEST_SECRETS, fresh
from forwarder.sources import SOURCES
from forwarder.store import notice_log
from tests.chaos.load import Book, Call, Senders, by_webhook
from tests.chaos.scenario import at, scenario
from tests.chaos.world import World
from tests.e2e.shops import Webhook

SAME = 1_000
OTHERS = 20
FIRST = 880_000
CONNECTIONS = 200
FEW_CONNECTIONS = 80
N_CROWD = 120  # senders at once, more than may wait for the writer
LOCKED_S = 6.0  # longer than a sender is kept waiting
ANSWERED_WITHIN_S = 8.0
ONE_OF_EACH = at("sqlite+folder", "postgresql+redis")
SLOW_P99_S = 1.0
BURST_S = 60.0
SHORT_BURST_S = 4.0
N_LOADERS = 2
MEMORY_MAX_MB = 300
OTHER_EVERY_S = 0.1
OTHER = 1_900_000
BURST = 2_000_000
CROWD = 860_000


@scenario(
    "F40", "one webhook a thousand times at once, now and then in other words (F40)",
    ONE_OF_EACH,
)  # fmt: skip
def same_again(world: World) -> None:
    """What comes first is sent; the first that differs is kept beside it and named."""
    first = by_webhook(Webhook("shopify", FIRST))
    with world.posting([first]):
        pass
    same = [first] * SAME + [_in_other_words(number) for number in range(OTHERS)]
    world.random.shuffle(same)
    with world.posting(same), world.traffic():
        pass
    [line] = [one for one in world.box.lines() if one.event_id in first.event_ids]
    notice = notice_log.find_notice(world.box.store, line.notice_id)
    assert notice is not None
    assert (SAME + OTHERS, True) == (notice.n_duplicates, notice.is_conflict)
    assert notice.conflict_id is not None
    kept = notice_log.find_notice(world.box.store, notice.conflict_id)
    assert kept is not None
    assert kept.is_kept
    world.book.notice_ids.add(kept.id)


def _in_other_words(number: int) -> Call:
    """Return the first webhook under its own id, with another body."""

    def request() -> tuple[str, bytes, dict[str, str]]:
        now = datetime.now(UTC)  # noqa: TID251 - a shop signs by its own clock
        secret = TEST_SECRETS["shopify"]
        told = fresh("shopify", "orders-paid", secret, now, FIRST)
        other = replace(told, body=told.body.replace(b"{", b" " * number + b" {", 1))
        signed = SOURCES["shopify"].sign(other, secret, now)
        return "/hooks/my-shopify", signed.body, dict(signed.headers)

    return Call("shopify", by_webhook(Webhook("shopify", FIRST)).event_ids, request)


@scenario("F42", "refunds before, between and after their orders (F42)", ONE_OF_EACH)
def refund_first(world: World) -> None:
    serials = range(890_000, 890_000 + max(20, world.n_events // 20))
    given = [by_webhook(Webhook("shopify", serial)) for serial in serials]
    given += [_refund(serial) for serial in serials]
    world.random.shuffle(given)
    with world.posting(given), world.traffic():
        pass


def _refund(serial: int) -> Call:
    """Return what Shopify says when the whole order is paid back."""

    def request() -> tuple[str, bytes, dict[str, str]]:
        now = datetime.now(UTC)  # noqa: TID251 - a shop signs by its own clock
        secret = TEST_SECRETS["shopify"]
        notice = fresh("shopify", "refunds-create", secret, now, serial)
        return "/hooks/my-shopify", notice.body, dict(notice.headers)

    return Call("shopify", [f"shopify:my-shopify:8800{serial}:refund"], request)


@scenario("F43", "two hundred senders that never finish (F43)", ONE_OF_EACH, share=0.5)
def dawdling(world: World) -> None:
    _dawdle(world, CONNECTIONS)
    others = [one for part in world.book.took_s.values() for one in part]
    check_p99(world, others)


@scenario(
    "F43s", "eighty senders that never finish, without a limit on time",
    at("postgresql+redis"),
)  # fmt: skip
def few_dawdling(world: World) -> None:
    _dawdle(world, FEW_CONNECTIONS)


def _dawdle(world: World, n_connections: int) -> None:
    with ExitStack() as stack:
        for _ in range(n_connections):
            line = stack.enter_context(
                socket.create_connection(("127.0.0.1", world.box.port), timeout=10)
            )
            line.sendall(b"POST /hooks/my-shopify HTTP/1.1\r\nHost: a\r\nContent-")
        with world.traffic():
            sleep(1)


@scenario(
    "F41o", "more comes in than can be written: senders are told to come again (F41)",
    at("sqlite+folder", "postgresql+redis"),
)  # fmt: skip
def shed(world: World) -> None:
    """Hold every write up while a crowd posts; nobody waits long, nobody is dropped."""
    world.n_crashes += 1
    n_before, n_counted = world.book.statuses.get(503, 0), _counted_overload(world)
    crowd = [by_webhook(Webhook("shopify", CROWD + place)) for place in range(N_CROWD)]
    senders = Senders(world.box.port, world.book)
    with ThreadPoolExecutor(1) as pool:
        with world.box.store.write() as connection:
            if world.configuration.database == "postgresql":
                connection.exec_driver_sql("LOCK TABLE notices, deliveries")
            done = pool.submit(senders.post_all, crowd, N_CROWD)
            sleep(LOCKED_S)
        done.result()
    n_shed = world.book.statuses.get(503, 0) - n_before
    world.notes.append(f"{n_shed} answered 503")
    slowest_s = max(world.book.waited_s)
    assert n_shed > 0
    n_told = _counted_overload(world) - n_counted
    assert n_shed == n_told, f"{n_shed} answered, {n_told} counted"
    assert slowest_s < ANSWERED_WITHIN_S, f"somebody waited {slowest_s:.1f} s"


def _counted_overload(world: World) -> int:
    text = requests.get(f"{world.box.url}/metrics", timeout=30).text
    lines = [line for line in text.splitlines() if 'result="overload"' in line]
    return round(sum(float(line.rpartition(" ")[2]) for line in lines))


def check_p99(world: World, took_s: Sequence[float]) -> None:
    p99_s = sorted(took_s)[round(len(took_s) * 0.99) - 1]
    world.notes.append(f"p99 {p99_s * 1000:.0f} ms")
    assert p99_s < SLOW_P99_S, f"others waited {p99_s:.1f} s"


@scenario(
    "F41", "two processes post as fast as they can for a minute (F41)",
    ONE_OF_EACH, is_alone=True,
)  # fmt: skip
def burst(world: World) -> None:
    took_s = storm(world, BURST_S)
    check_p99(world, took_s)


@scenario(
    "F41s", "the same for four seconds, without a limit on time", at("sqlite+folder")
)
def short_burst(world: World) -> None:
    storm(world, SHORT_BURST_S)


def storm(world: World, seconds: float) -> list[float]:
    """Let two processes post for so long; return how long another source waited."""
    book = Book()
    with ThreadPoolExecutor(N_LOADERS) as pool:
        loaders = [
            pool.submit(_load, world, seconds, BURST + place * 1_000_000)
            for place in range(N_LOADERS)
        ]
        most_mb = 0.0
        for serial in count(OTHER):
            if all(one.done() for one in loaders):
                break
            call = by_webhook(Webhook("stripe", serial))
            Senders(world.box.port, book).post_all([call], threads=1)
            most_mb = max(most_mb, _memory_mb(world))
            sleep(OTHER_EVERY_S)
        rates = [one.result() for one in loaders]
    world.book.event_ids |= book.event_ids
    share = world.book.statuses.get(503, 0) / max(1, sum(world.book.statuses.values()))
    told = f"{sum(rates) / seconds:.0f} orders/s, {share:.1%} told to come again"
    world.notes.append(f"{told}, {most_mb:.0f} MB")
    assert most_mb < MEMORY_MAX_MB, f"{most_mb:.0f} MB"
    return [one for part in book.took_s.values() for one in part]


def _load(world: World, seconds: float, first: int) -> int:
    """Run one process, and write down what it was answered; return how many calls."""
    words = [str(world.box.port), str(seconds), str(first)]
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", "tests.chaos.loader", *words],
        check=True,
        capture_output=True,
        text=True,
    )
    told = json.loads(done.stdout)
    book = world.book
    with book.lock:
        book.event_ids.update(told["event_ids"])
        book.doubtful_ids.update(told["doubtful_ids"])
        book.notice_ids.update(told["notice_ids"])
        book.wrong += told["wrong"]
        book.n_repeated += told["n_repeated"]
        for status, n in told["statuses"]:
            book.statuses[status] = book.statuses.get(status, 0) + n
    return int(told["n_calls"])


def _memory_mb(world: World) -> float:
    """Return the PSS of the largest role; on one box `serve` is the only one."""
    return max(_memory_of(world, role) for role in world.roles)


def _memory_of(world: World, role: str) -> float:
    one_box = role == "serve"
    found = world.box.the(role).look() if one_box else set(world.family(role))
    n_bytes = 0
    for one in found:
        with suppress(psutil.NoSuchProcess):
            n_bytes += one.memory_full_info().pss
    return n_bytes / 2**20
