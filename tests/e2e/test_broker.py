"""A broker that is down, hung or emptied costs time at most, never an event."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from statistics import median

import pytest

from tests.e2e.box import Box
from tests.e2e.shops import Told, post_all, webhooks
from tests.servers import RedisServer

pytestmark = pytest.mark.slow

N = 60
WITHOUT_BROKER_S = 20.0  # the worker looks by itself every few seconds
AFTER_RETURN_S = 10.0
Fault = Callable[[RedisServer], AbstractContextManager[None]]


@contextmanager
def down(redis: RedisServer) -> Iterator[None]:
    redis.stop()
    yield
    redis.start()


@contextmanager
def hung(redis: RedisServer) -> Iterator[None]:
    redis.hang()
    yield
    redis.resume()


@contextmanager
def emptied(redis: RedisServer) -> Iterator[None]:
    redis.flush()
    yield
    redis.flush()


def some(box: Box, place: int) -> Told:
    """Post the next sixty webhooks, not all at once."""
    given = list(webhooks(N * (place + 1), ["shopify"]))[N * place :]
    return post_all(box, given, threads=2)


@pytest.mark.parametrize("fault", [down, hung, emptied])
def test_without_its_broker_the_service_answers_and_forwards(
    many_boxes: Box, redis_server: RedisServer, fault: Fault
) -> None:
    many_boxes.start_all()
    before = some(many_boxes, 0)
    many_boxes.wait_until_drained()

    with fault(redis_server):
        meanwhile = some(many_boxes, 1)
        many_boxes.wait_until_drained(WITHOUT_BROKER_S)
    after = some(many_boxes, 2)
    many_boxes.wait_until_drained(AFTER_RETURN_S)

    assert [N, N, N] == [told.accepted for told in (before, meanwhile, after)]
    assert median(meanwhile.took_s) < max(1.0, 5 * median(before.took_s))
    assert 3 * N == many_boxes.ledger()["unique"]
    assert 0 == many_boxes.ledger()["duplicates"]
    assert [] == many_boxes.crashes()


def test_a_worker_stops_in_time_while_its_broker_hangs(
    many_boxes: Box, redis_server: RedisServer
) -> None:
    many_boxes.upgrade()
    worker = many_boxes.start_worker()

    with hung(redis_server):
        code = worker.stop()

    assert 0 == code
    assert [] == worker.left()
