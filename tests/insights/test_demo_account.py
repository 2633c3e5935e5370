"""The invented account: every planted story is found, and nothing else is confirmed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from forwarder.cli.demo_account import (
    MONTHS,
    N_PINS,
    PIN_STORIES,
    STORIES,
    account_until,
    planted,
)
from forwarder.cli.demo_clicks import plant_clicks, plant_numbers
from forwarder.insights.advice import advice
from forwarder.insights.board import Board, build_board
from forwarder.insights.gather import gather
from forwarder.insights.thresholds import Thresholds
from forwarder.store import Store, kpi, open_store, pins
from forwarder.store.migrate import upgrade
from tests.web.console_desk import DATA_KEY

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ACCOUNT = account_until(NOW.date())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("account") / "forwarder.db"
    found = open_store(f"sqlite:///{path}", [DATA_KEY])
    upgrade(found)
    kpi.keep(found, ACCOUNT.days(), NOW)
    pins.keep_facts(found, list(ACCOUNT.facts()), NOW)
    pins.keep_boards(found, list(ACCOUNT.boards()), NOW)
    plant_clicks(found, ACCOUNT, NOW)
    plant_numbers(found, ACCOUNT, NOW)
    yield found
    found.close()


def board_of(store: Store, back: int) -> Board:
    limits = Thresholds()
    facts = gather(store, ACCOUNT.month(back), NOW.date(), limits)
    return build_board(facts, limits)


@pytest.mark.parametrize("back", range(MONTHS))
def test_what_is_planted_is_found_and_nothing_else_is_confirmed(
    store: Store, back: int
) -> None:
    found: dict[str, set[str]] = {}
    for one in board_of(store, back).findings:
        if one.is_confirmed:
            found.setdefault(one.rule, set()).update({one.pin_id or ""} - {""})

    assert planted(back) == found


def test_every_rule_has_its_story() -> None:
    stories = {rule for rules, _ in STORIES.values() for rule in rules}

    assert set(advice()) == stories | set(PIN_STORIES)


def test_the_account_is_twelve_months_of_three_hundred_pins(store: Store) -> None:
    board = board_of(store, 0)
    days = board.facts.days

    assert (N_PINS, MONTHS) == (len(board.pins), len(ACCOUNT.months))
    assert ACCOUNT.month(0).last_on == max(days)
    assert 365 == len(days)
    assert date(2025, 11, 1) == ACCOUNT.month(MONTHS - 1).first_on


def test_what_the_planted_board_asks_for_comes_first(store: Store) -> None:
    board = board_of(store, 0)

    assert "creative_friction" == board.cards[0].rule
    assert 3 == len(board.cards)
    assert all(any(one.is_confirmed for one in c.findings) for c in board.cards)
