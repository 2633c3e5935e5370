"""What shops are asked in the background: counted once, whatever ends in the middle."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from forwarder.asking import NoAnswer
from forwarder.core.delivery import Deferred
from forwarder.core.event import Notice
from forwarder.core.source import Options
from forwarder.pipeline import fetching, missing
from forwarder.pipeline.fetching import Alive, Errand
from forwarder.pipeline.missing import Window
from forwarder.pipeline.receive import Endpoint, receive
from forwarder.samples import fresh
from forwarder.sources import SOURCES
from forwarder.store import audit, jobs, log
from forwarder.store.jobs import Job, State
from forwarder.store.log import Filter
from tests.pipeline.stand_in import NOW, Bench

SECRET = "s" * 32
SHOP = Endpoint(
    name="my-shop",
    source_name="shopify",
    source=SOURCES["shopify"],
    secrets=[SECRET],
    destination="main",
    options=Options(shop="my-shop", api_key="shpat_x"),
)
WEEK = Window(since=NOW - timedelta(days=7), until=NOW)


class Killed(BaseException):
    """The process is gone, in the middle of whatever it did."""


class Shop:
    """What a shop tells; what is in `then` is raised once it has told all."""

    def __init__(self, bench: Bench, n_orders: int) -> None:
        self.bench = bench
        self.told = [order(number) for number in range(n_orders)]
        self.then: list[BaseException] = []
        self.n_asked = 0

    def tell(
        self, _: Endpoint, what: str, __: Window, alive: Alive
    ) -> Iterator[Notice]:
        assert what == "all"
        self.n_asked += 1
        for notice in self.told:
            alive()
            yield notice
        if self.then:
            raise self.then.pop()

    def work(self) -> int:
        return fetching.work(
            Errand(
                desk=self.bench.desk(),
                endpoints={"my-shop": SHOP},
                destinations=[self.bench.destination],
                tell=self.tell,
            )
        )


def order(number: int) -> Notice:
    happened = NOW - timedelta(minutes=number + 1)
    return fresh("shopify", "orders-paid", SECRET, happened, 910_000 + number)


def asked(bench: Bench) -> Job:
    job = fetching.start_ask(bench.store, "my-shop", "all", WEEK, "ada", NOW)
    assert job is not None
    return job


def wanted(bench: Bench, counted: Job) -> Job:
    found = jobs.find(bench.store, counted.id)
    assert found is not None
    job = fetching.start_import(bench.store, found, "ada", NOW)
    assert job is not None
    return job


def now_is(bench: Bench, job: Job) -> Job:
    found = jobs.find(bench.store, job.id)
    assert found is not None
    return found


def n_events(bench: Bench) -> int:
    return len(log.list_deliveries(bench.store, Filter(), 1000).lines)


def test_an_import_goes_on_where_a_dead_worker_left_it(
    any_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, shop = any_bench, Shop(any_bench, 25)
    monkeypatch.setattr(missing, "PAGE", 10)
    counted = asked(bench)
    shop.work()
    assert 25 == now_is(bench, counted).n_planned
    job = wanted(bench, counted)
    shop.then = [Killed()]
    shop.told, rest = shop.told[:20], shop.told[20:]
    with pytest.raises(Killed):
        shop.work()

    assert (20, State.RUNNING) == (
        now_is(bench, job).n_done,
        now_is(bench, job).state,
    )
    shop.told += rest
    assert 0 == shop.work()  # the lease of the dead one has not lapsed
    bench.clock.now += jobs.LEASE
    assert 1 == shop.work()
    done = now_is(bench, job)
    assert (25, 25, State.DONE, 2) == (
        done.n_done,
        n_events(bench),
        done.state,
        done.turn,
    )
    entry = audit.entries(bench.store, audit.Wanted()).entries[0]
    assert ("ada", "missing imported") == (entry.who, entry.action)
    assert entry.detail.startswith("25 of 25 events, since ")


def test_what_comes_by_webhook_meanwhile_is_not_counted_again(bench: Bench) -> None:
    shop = Shop(bench, 4)
    counted = asked(bench)
    shop.work()
    job = wanted(bench, counted)
    webhook = SOURCES["shopify"].sign(shop.told[0], SECRET, NOW)
    assert 1 == receive(SHOP, webhook, bench.store, NOW).accepted
    shop.work()

    assert (3, 4) == (now_is(bench, job).n_done, n_events(bench))
    assert 1 == fetching.total(now_is(bench, job).skipped, fetching.KNOWN)


def test_much_more_than_was_agreed_to_is_not_taken_in(bench: Bench) -> None:
    shop = Shop(bench, 10)
    counted = asked(bench)
    shop.work()
    job = wanted(bench, counted)
    shop.told += [order(number) for number in range(10, 15)]
    shop.work()

    ended = now_is(bench, job)
    assert (State.FAILED, fetching.GROWN) == (ended.state, ended.message)
    assert 0 == n_events(bench)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (NoAnswer("nothing fetched: the api_key may not read"), "Nothing fetched: the"),
        (NoAnswer(Deferred("rate_limited")), "No answer now (rate_limited), try again"),
        (KeyError("x"), "KeyError: see the log"),
    ],
)
def test_a_shop_that_gives_no_answer_ends_the_job_and_what_is_done_stays(
    bench: Bench, fault: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missing, "PAGE", 2)
    shop = Shop(bench, 5)
    counted = asked(bench)
    shop.work()
    job = wanted(bench, counted)
    shop.then = [fault]
    shop.work()

    ended = now_is(bench, job)
    assert ended.state is State.FAILED
    assert ended.message.startswith(words)
    assert (4, 4) == (ended.n_done, n_events(bench))
    assert fetching.start_ask(bench.store, "my-shop", "all", WEEK, "ada", NOW)


def test_a_long_answer_keeps_the_lease_and_a_cancelled_job_ends_at_the_next_question(
    bench: Bench,
) -> None:
    shop = Shop(bench, 3)
    job = asked(bench)

    def tell(*_: object) -> Iterator[Notice]:
        alive = _[3]
        assert callable(alive)
        for notice in shop.told:
            bench.clock.now += timedelta(seconds=20)
            alive()
            yield notice
        assert jobs.take(bench.store, bench.clock.now, kinds=jobs.OF_SHOPS) is None
        assert jobs.cancel(bench.store, job.id, bench.clock.now)
        bench.clock.now += timedelta(seconds=20)
        alive()
        pytest.fail("it went on")

    shop.tell = tell  # type: ignore[method-assign]
    shop.work()

    assert State.CANCELLED is now_is(bench, job).state


def test_a_job_that_kills_its_workers_is_given_up(bench: Bench) -> None:
    shop = Shop(bench, 1)
    job = asked(bench)
    for _ in range(fetching.TURNS_MAX):
        shop.then = [Killed()]
        with pytest.raises(Killed):
            shop.work()
        bench.clock.now += jobs.LEASE
    shop.work()

    assert (State.FAILED, fetching.GIVEN_UP) == (
        now_is(bench, job).state,
        now_is(bench, job).message,
    )
    assert fetching.TURNS_MAX == shop.n_asked


def test_only_what_was_counted_can_be_taken_in_and_one_shop_is_asked_at_a_time(
    any_bench: Bench,
) -> None:
    bench = any_bench
    shop = Shop(bench, 1)
    job = asked(bench)

    assert fetching.start_ask(bench.store, "my-shop", "all", WEEK, "eve", NOW) is None
    for other in ("my-sho_", "%shop", "shop", "my-shop-2", "MY-SHOP"):
        assert fetching.start_ask(bench.store, other, "all", WEEK, "eve", NOW), other
    with pytest.raises(ValueError, match="1"):
        fetching.start_import(bench.store, job, "ada", NOW)
    shop.work()
    assert jobs.take(bench.store, datetime.max.replace(tzinfo=NOW.tzinfo)) is None


def test_of_many_who_ask_a_shop_at_once_one_is_heard(any_bench: Bench) -> None:
    store, at_once = any_bench.store, threading.Barrier(8)

    def ask(_: int) -> Job | None:
        at_once.wait()
        return fetching.start_ask(store, "my-shop", "all", WEEK, "ada", NOW)

    with ThreadPoolExecutor(8) as people:
        begun = [job for job in people.map(ask, range(8)) if job is not None]

    assert 1 == len(begun) == len(jobs.list_jobs(store))
