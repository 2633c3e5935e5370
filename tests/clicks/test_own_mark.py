"""Only our own audit may say that nobody clicked."""

from datetime import timedelta

import pytest

from forwarder.clicks import own_mark
from tests.clicks.following import NOW

KEY = b"k" * 32
MARK = own_mark.made(KEY, "a1b2c3", NOW)


def test_a_mark_is_known_by_any_of_the_keys() -> None:
    assert own_mark.is_ours([b"n" * 32, KEY], MARK, NOW)
    assert not own_mark.is_ours([b"n" * 32], MARK, NOW)


@pytest.mark.parametrize(
    "mark", ["", "a1b2c3", MARK[:-1], f"{MARK[:-1]}_", MARK.replace("a1b2c3", "a1b2c4")]
)
def test_a_mark_that_anybody_made_up_is_none(mark: str) -> None:
    assert not own_mark.is_ours([KEY], mark, NOW)


@pytest.mark.parametrize(("hours", "is_ours"), [(0, True), (1, True), (2, False)])
def test_a_mark_that_was_seen_on_the_way_is_soon_worth_nothing(
    hours: int, *, is_ours: bool
) -> None:
    later = NOW + timedelta(hours=hours)

    assert is_ours == own_mark.is_ours([KEY], MARK, later)
    assert not own_mark.is_ours([KEY], MARK, NOW - timedelta(hours=1))
