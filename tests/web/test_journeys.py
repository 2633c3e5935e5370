"""The five questions an operator comes with, in at most three actions after the log-in.

By mouse, by keyboard alone, without scripts, on a phone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page

from forwarder.store import audit
from tests.web.conftest import add_admin, desktop_in, fill, serving
from tests.web.console_desk import NOW, Desktop
from tests.web.windows import LooksLike, focus, windows

ACTIONS_MAX = 3
LOOKS: dict[str, dict[str, Any]] = {
    "mouse": {},
    "keyboard": {},
    "without scripts": {"java_script_enabled": False},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True},
}


@dataclass
class Hand:
    """Somebody at a page, who counts what they do."""

    page: Page
    is_keyboard: bool
    n_actions: int = 0

    def press(self, role: str, name: str) -> None:
        """Press a link or a button: by mouse, or by Tab and Enter."""
        self.n_actions += 1
        aim = self.page.get_by_role(role, name=name).first  # type: ignore[arg-type]
        if self.is_keyboard:
            self._tab_to(aim)
            self.page.keyboard.press("Enter")
        else:
            aim.click()

    def find(self, text: str) -> None:
        """Type into the box that every page has, and press Enter."""
        self.n_actions += 1
        box = self.page.get_by_label("Find an event id, order id")
        if self.is_keyboard:
            self._tab_to(box)
        else:
            box.click()
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")

    def _tab_to(self, aim: Locator) -> None:
        for _ in range(80):
            self.page.keyboard.press("Tab")
            if aim.evaluate("element => element === document.activeElement"):
                assert "solid" == focus(self.page)["outline"]
                return
        raise AssertionError("no Tab leads there")

    def reads(self, *texts: str) -> None:
        """Fail unless the page says all of this."""
        for text in texts:
            self.page.locator("main").get_by_text(text).first.wait_for()


def is_it_working(hand: Hand) -> None:
    hand.reads("It works, and something wants a look.")


def what_happened_to_this_order(hand: Hand) -> None:
    hand.find("1004")
    hand.reads("What happened", "It came in at", "Refused at")


def why_was_it_refused(hand: Hand) -> None:
    hand.press("link", "Refused")
    hand.reads("Pinterest found a fault in it", "Mend it in the shop")


def how_do_i_send_these_again(hand: Hand) -> None:
    hand.press("link", "Refused")
    hand.press("link", "Send again… all with")
    hand.press("button", "Send 1 delivery again")
    hand.reads("The job is written down.")


def what_changed(hand: Hand) -> None:
    hand.press("link", "Audit log")
    hand.reads("the currency is mended")


QUESTIONS: dict[str, Callable[[Hand], None]] = {
    "is it working": is_it_working,
    "what happened to this order": what_happened_to_this_order,
    "why was it refused": why_was_it_refused,
    "how do I send these again": how_do_i_send_these_again,
    "what changed": what_changed,
}


@pytest.fixture(scope="module")
def desk(
    tmp_path_factory: pytest.TempPathFactory, empty_file: Path
) -> Iterator[Desktop]:
    with desktop_in(tmp_path_factory.mktemp("journeys"), empty_file) as made:
        fill(made)
        add_admin(made.store)
        audit.note(made.store, "ada", "paused", "main", NOW, "the currency is mended")
        yield made


@pytest.fixture(scope="module")
def look(browser: Browser, desk: Desktop) -> Iterator[LooksLike]:
    with serving(desk.app) as address, windows(browser, address) as opened:
        yield opened


@pytest.mark.parametrize("way", LOOKS)
def test_the_five_questions_take_three_actions_at_most(
    look: LooksLike, way: str
) -> None:
    taken = {}
    opened = look(**LOOKS[way])
    opened.log_in("admin")
    for question, ask in QUESTIONS.items():
        hand = Hand(opened.open("/console/"), is_keyboard=way == "keyboard")
        ask(hand)
        taken[question] = hand.n_actions

    assert {question: n for question, n in taken.items() if n > ACTIONS_MAX} == {}
    assert QUESTIONS.keys() == taken.keys()
