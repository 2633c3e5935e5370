"""Never more requests a minute than allowed, whoever asks."""

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from forwarder.core.bucket import Bucket
from forwarder.destinations.pinterest.bucket import shared_bucket


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def granted(per_minute: int, steps: list[float]) -> list[float]:
    clock = Clock()
    bucket = Bucket(per_minute, clock)
    at = []
    for step in steps:
        while bucket.take() == 0.0:
            at.append(clock.now)
        clock.now += step
    return at


@given(st.integers(1, 600), st.lists(st.floats(0.001, 70.0), min_size=1, max_size=40))
def test_no_minute_holds_more_than_allowed(per_minute: int, steps: list[float]) -> None:
    at = granted(per_minute, steps)

    for start in at:
        n_within = sum(start <= one < start + 59.999 for one in at)
        assert n_within <= max(per_minute, 2)


def test_eight_threads_share_one_minute() -> None:
    clock = Clock()
    bucket = Bucket(5000, clock)

    def ask(_number: int) -> int:
        return sum(bucket.take() == 0.0 for _ in range(100))

    with ThreadPoolExecutor(8) as pool:
        n_granted = sum(pool.map(ask, range(8)))

    assert 83 == n_granted


def test_a_closed_bucket_opens_when_its_pause_is_over() -> None:
    clock = Clock()
    bucket = Bucket(600, clock)
    bucket.close(30.0)
    bucket.close(10.0)

    assert 30.0 == bucket.take()
    clock.now += 30.0
    assert 0.0 == bucket.take()


def test_one_account_has_one_bucket() -> None:
    assert shared_bucket("a 1", 5000) is shared_bucket("a 1", 5000)
    assert shared_bucket("a 1", 5000) is not shared_bucket("a 2", 5000)
