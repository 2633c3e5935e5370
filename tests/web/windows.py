"""Windows of a real Chromium that remember what went wrong in them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request

from tests.web.console_desk import PASSWORD

LooksLike = Callable[..., "Window"]


@dataclass
class Window:
    """A browser page that remembers what went wrong on it."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)
    may_fail: bool = False  # a refused page shows in the browser's console

    def watch(self) -> None:
        self.page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        self.page.on("console", lambda told: self._hear(told.type, told.text))
        self.page.on("request", self._see)

    def _hear(self, kind: str, text: str) -> None:
        is_status = text.startswith("Failed to load resource: the server responded")
        if kind in {"error", "warning"} and not (is_status and self.may_fail):
            self.faults.append(text)

    def _see(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.address).netloc:
            self.faults.append(f"asked {request.url}")

    def open(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def log_in(self, name: str = "operator") -> Page:
        page = self.open("/console/login")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/console/")
        return page


@contextmanager
def windows(browser: Browser, address: str) -> Iterator[LooksLike]:
    """Open windows of any look; what went wrong in them fails the test."""
    opened: list[Window] = []

    def look(**looks: Any) -> Window:  # noqa: ANN401 - what a context takes
        context = browser.new_context(locale="en-GB", timezone_id="UTC", **looks)
        context.set_default_timeout(10_000)
        new = Window(context.new_page(), address)
        new.watch()
        opened.append(new)
        return new

    yield look
    for each in opened:
        each.page.context.close()

    assert [] == [fault for each in opened for fault in each.faults]


def focus(page: Page) -> dict[str, str]:
    """Return what has the focus, and how it shows."""
    found: dict[str, str] = page.evaluate(
        """() => {
            const at = document.activeElement, style = getComputedStyle(at);
            return {text: at.innerText.trim().replace(/\\s+/g, " "),
                    outline: style.outlineStyle, width: style.outlineWidth};
        }"""
    )
    return found


def tab_to(page: Page, text: str) -> None:
    """Press Tab until something of this text has the focus, seen all the way."""
    for _ in range(60):
        page.keyboard.press("Tab")
        at = focus(page)
        assert ("solid", "3px") == (at["outline"], at["width"])
        if at["text"] == text:
            return
    raise AssertionError(f"no Tab leads to {text}")
