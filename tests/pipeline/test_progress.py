from datetime import timedelta

from forwarder.core.delivery import Blocked
from forwarder.pipeline.drain import drain
from forwarder.pipeline.progress import progress
from forwarder.store import health
from tests.pipeline.stand_in import Bench, say
from tests.store.shop import NOW, an_event, take

NO_WORKER = "no worker has been seen for 30 seconds: start serve, or the worker"
STUCK = "deliveries are due but none was sent for a minute: restart the worker"


def troubles(bench: Bench) -> tuple[str, ...]:
    return progress(bench.store, bench.clock()).troubles


def test_without_worker_it_is_not_ready(bench: Bench) -> None:
    assert (NO_WORKER,) == troubles(bench)


def test_a_worker_that_was_just_seen_is_enough(bench: Bench) -> None:
    health.note_worker(bench.store, "w1", NOW)
    bench.clock.skip(seconds=30)

    assert () == troubles(bench)
    bench.clock.skip(seconds=1)
    assert (NO_WORKER,) == troubles(bench)


def test_a_worker_that_is_up_and_sends_nothing_is_stuck(bench: Bench) -> None:
    take(bench.store, an_event(1))
    bench.clock.skip(seconds=61)
    health.note_worker(bench.store, "w1", bench.clock())

    assert (STUCK,) == troubles(bench)
    health.note_worker(bench.store, "w1", bench.clock(), has_worked=True)
    assert () == troubles(bench)
    bench.clock.skip(seconds=61)
    health.note_worker(bench.store, "w1", bench.clock())
    assert (STUCK,) == troubles(bench)


def test_a_block_is_told_and_what_waits_for_it_is_no_jam(bench: Bench) -> None:
    take(bench.store, an_event(1))
    bench.destination.script = [say(Blocked("auth", "Authentication failed."))]
    drain(bench.destination, bench.desk())
    bench.clock.skip(minutes=3)
    health.note_worker(bench.store, "w1", bench.clock())

    assert ("destination main is blocked (auth): Authentication failed.",) == troubles(
        bench
    )


def test_what_waits_is_counted_with_its_age(bench: Bench) -> None:
    take(bench.store, an_event(1))
    take(bench.store, an_event(2), at=NOW + timedelta(seconds=9))

    state = progress(bench.store, NOW)
    assert (2, NOW) == (state.n_pending, state.oldest_pending_at)


def test_a_writer_that_died_is_told(bench: Bench) -> None:
    take(bench.store, an_event(1))
    health.note_worker(bench.store, "w1", NOW)
    bench.store.close()

    assert ("the writer stopped: restart the web process",) == troubles(bench)
