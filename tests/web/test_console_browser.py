"""The console in a real Chromium: seen, operated by keyboard, and without scripts."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request

from forwarder.pipeline.replay import Asker, start_discard
from forwarder.store import health, jobs
from forwarder.store.jobs import Scope
from tests.web.console_desk import PASSWORD, Desktop, event_of, open_alert, quarantine

EYES = (Path(__file__).parent / "console_eyes.js").read_text(encoding="utf-8")
AXE = Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js"
RUN_AXE = """async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"];
    const found = await axe.run(document, {runOnly: tags, resultTypes: ["violations"]});
    return found.violations.map(
        v => `${v.impact} ${v.id}: ${v.nodes.map(n => n.html).join(" | ")}`);
}"""
TOO_WIDE = """() => [...document.querySelectorAll("body *")]
    .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > 360.5)
    .filter(e => getComputedStyle(e).position !== "absolute")
    .filter(e => !e.closest(".wide, thead"))
    .map(e => `${e.tagName}.${e.className}`)"""
AddUsers = Callable[..., None]
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


@pytest.fixture
def window(browser: Browser, served: str) -> Iterator[LooksLike]:
    """Open windows of any look; what went wrong in them fails the test."""
    opened: list[Window] = []

    def look(**looks: Any) -> Window:  # noqa: ANN401 - what a context takes
        context = browser.new_context(locale="en-GB", timezone_id="UTC", **looks)
        context.set_default_timeout(10_000)
        new = Window(context.new_page(), served)
        new.watch()
        opened.append(new)
        return new

    yield look
    for each in opened:
        each.page.context.close()

    assert [] == [fault for each in opened for fault in each.faults]


@pytest.mark.usefixtures("full")
def test_an_operator_logs_in_filters_opens_an_event_and_goes_back(
    window: LooksLike, add_users: AddUsers
) -> None:
    add_users("operator")
    page = window().log_in()
    page.get_by_role("link", name="Deliveries", exact=True).click()
    page.locator("summary").click()
    page.get_by_label("Status", exact=True).select_option("refused")
    page.get_by_label("Reason").select_option(label="Pinterest found a fault in it")
    page.locator("details").get_by_role("button", name="Filter").click()
    filtered = page.url

    assert "status=refused" in filtered
    assert "reason=invalid" in filtered
    assert 1 == page.locator("table.log tbody tr").count()
    page.get_by_role("link", name="checkout").click()
    assert "Mend it in the shop" in page.locator("main").inner_text()
    page.go_back()
    assert filtered == page.url
    page.get_by_role("link", name="Drop the filter reason").click()
    assert 2 == page.locator("table.log tbody tr").count()


@pytest.mark.usefixtures("full")
def test_a_copied_address_gives_the_same_list_after_the_log_in(
    window: LooksLike, add_users: AddUsers
) -> None:
    add_users("viewer")
    page = window().open("/console/deliveries?kind=signup&status=skipped")
    page.get_by_label("Name").fill("viewer")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/deliveries?kind=signup&status=skipped")

    assert 1 == page.locator("table.log tbody tr").count()


def test_a_refused_event_is_sent_again_by_keyboard_alone(
    window: LooksLike, add_users: AddUsers, full: Desktop
) -> None:
    add_users("operator")
    page = window().open("/console/login")
    page.keyboard.type("operator")  # the name has the focus
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/")
    page.keyboard.press("Tab")
    assert "Skip to the content" == focus(page)["text"]
    tab_to(page, "Deliveries")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/deliveries")
    tab_to(page, "refused 2")
    page.keyboard.press("Enter")
    page.wait_for_url("**status=refused**")
    tab_to(page, "checkout")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/deliveries/4")
    tab_to(page, "Send again")
    page.keyboard.press("Enter")
    page.get_by_role("status").wait_for()

    assert "It was set back to pending" in page.get_by_role("status").inner_text()
    assert ["main"] == full.nudged
    page.keyboard.press("Alt+ArrowLeft")


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


def test_everything_works_without_scripts(
    window: LooksLike, add_users: AddUsers, full: Desktop
) -> None:
    add_users("operator")
    page = window(java_script_enabled=False).log_in()
    page.get_by_label("Find an event id, order id or number").fill("1004")
    page.get_by_role("button", name="Find").click()
    page.wait_for_url("**/console/deliveries/4")
    page.get_by_role("button", name="Send again").click()

    assert "set back to pending" in page.get_by_role("status").inner_text()
    assert ["main"] == full.nudged
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/console/login")


def test_a_filter_is_sent_again_as_a_whole_without_scripts(
    window: LooksLike, add_users: AddUsers, full: Desktop
) -> None:
    add_users("operator")
    page = window(
        java_script_enabled=False, viewport={"width": 360, "height": 800}
    ).log_in()
    page.get_by_role("link", name="Refused", exact=True).first.click()
    page.get_by_role("link", name="Send again… all with").first.click()
    page.get_by_label("Why, for whoever").fill("mended")
    page.get_by_role("button", name="Send 1 delivery again").click()

    assert "The job is written down." in page.get_by_role("status").inner_text()
    assert "mended" == jobs.list_jobs(full.store)[0].reason
    page.get_by_role("button", name="Cancel this job").click()
    assert "cancelled" in page.locator(".head").inner_text()


def test_a_destination_is_paused_by_keyboard_alone(
    window: LooksLike, add_users: AddUsers, full: Desktop
) -> None:
    add_users("operator")
    page = window().log_in()
    tab_to(page, "Destinations")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/destinations")
    page.get_by_label("Why pause main").focus()
    page.keyboard.type("new token")
    page.keyboard.press("Enter")
    page.get_by_role("status").wait_for()

    assert "main is paused." in page.get_by_role("status").inner_text()
    known = health.health_of(full.store, "main")
    assert known is not None
    assert "new token" == known.pause_reason


@pytest.mark.usefixtures("full")
def test_what_a_shop_wrote_runs_nothing(window: LooksLike, add_users: AddUsers) -> None:
    add_users("viewer")
    opened = window()
    opened.log_in("viewer")
    page = opened.open("/console/deliveries/4")

    assert 0 == page.locator("main img").count()
    assert "<img src=x onerror=alert(1)>" in page.locator("main").inner_text()


@pytest.mark.usefixtures("desktop")
def test_the_very_first_visit_leads_to_a_user_and_a_webhook(
    window: LooksLike, add_users: AddUsers
) -> None:
    opened = window()
    page = opened.open("/console/")

    assert "forwarder user add NAME --role admin" in page.locator("main").inner_text()
    add_users("operator")
    opened.log_in()
    page = opened.open("/console/deliveries")
    assert "No delivery yet" in page.locator("main").inner_text()


PAGES = {
    "overview": "/console/",
    "refused-by-reason": "/console/refused",
    "sources": "/console/sources",
    "destinations": "/console/destinations",
    "plan": "/console/jobs/new/replay?status=refused",
    "plan-discard": "/console/jobs/new/discard?status=refused&endpoint=my-shop",
    "jobs": "/console/jobs",
    "job": "/console/jobs/1",
    "alerts": "/console/alerts",
    "alert": "/console/alerts/1",
    "audit": "/console/audit",
    "deliveries": "/console/deliveries",
    "filtered": "/console/deliveries?status=refused&endpoint=my-shop&order=1004",
    "nothing": "/console/deliveries?reason=unhashed",
    "bad-filter": "/console/deliveries?since=yesterday",
    "delivered": "/console/deliveries/2",
    "refused": "/console/deliveries/4",
    "skipped": "/console/deliveries/6",
    "blocked": "/console/deliveries/9",
    "not-found": "/console/deliveries/999",
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_can_be_read_by_everybody(
    window: LooksLike,
    add_users: AddUsers,
    blocked: Desktop,
    tmp_path: Path,
    theme: str,
    width: int,
) -> None:
    shots = Path(os.environ.get("FORWARDER_SCREENSHOTS", tmp_path))
    is_judged = (theme, width) in {("light", 1280), ("dark", 360)}
    axe = AXE.read_text(encoding="utf-8") if is_judged else ""
    looks = {"viewport": {"width": width, "height": 800}, "color_scheme": theme}
    opened = window(**looks)
    opened.may_fail = True
    found = {
        "first": look_at(
            opened, "/console/login", shots / f"first-{theme}-{width}", axe
        )
    }
    add_users("admin")
    blocked.take(event_of(40, event_id="a-very-long-event-id-" + "x" * 200))
    fill(blocked)
    opened.log_in("admin")
    for name, path in PAGES.items():
        shot = shots / f"{name}-{theme}-{width}"
        found[name] = look_at(opened, path, shot, axe)

    assert {name: [] for name in found} == found


def fill(desktop: Desktop) -> None:
    """Add what the pages beside the log show: an alert, a job, held webhooks."""
    quarantine(desktop)
    open_alert(desktop)
    asker = Asker(who="operator", reason="the currency is mended at the shop")
    start_discard(desktop.store, Scope(), asker, desktop.clock())


def look_at(opened: Window, path: str, shot: Path, axe: str) -> list[str]:
    """Return what is wrong with a page, also by axe if given; keep a picture of it."""
    page = opened.open(path)
    for details in page.locator("details").all():
        details.evaluate("element => { element.open = true; }")
    faults: list[str] = page.evaluate(EYES)
    if axe:
        page.evaluate(axe)  # through the debugger: the page itself allows no script
        faults += page.evaluate(RUN_AXE)
    page.screenshot(path=f"{shot}.png", full_page=True)
    return faults


@pytest.mark.usefixtures("full")
def test_text_at_twice_its_size_still_fits_a_phone(
    window: LooksLike, add_users: AddUsers
) -> None:
    add_users("operator")
    opened = window(viewport={"width": 360, "height": 800})
    opened.log_in()
    for path in ("/console/", "/console/refused", "/console/deliveries/4"):
        page = opened.open(path)
        page.evaluate("document.documentElement.style.setProperty('font-size', '30px')")

        assert [] == page.evaluate(TOO_WIDE)


@pytest.mark.usefixtures("full")
def test_a_strangers_page_may_not_frame_the_console_or_run_in_it(
    window: LooksLike, add_users: AddUsers
) -> None:
    add_users("operator")
    opened = window()
    page = opened.log_in()
    page.evaluate(
        """() => {
            window.ran = false;
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
        }"""
    )

    assert not page.evaluate("window.ran")
    assert 1 == sum("Content Security Policy" in fault for fault in opened.faults)
    opened.faults.clear()
