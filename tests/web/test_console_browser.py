"""The console in a real Chromium: seen, operated by keyboard, and without scripts."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from forwarder.core.delivery import Delivered
from forwarder.store import audit, health, jobs
from forwarder.store.audit import Wanted
from tests.web.console_desk import PASSWORD, Desktop, event_of
from tests.web.windows import LooksLike, focus, tab_to, windows

TOO_WIDE = """() => [...document.querySelectorAll("body *")]
    .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > 360.5)
    .filter(e => getComputedStyle(e).position !== "absolute")
    .filter(e => !e.closest(".wide, thead"))
    .map(e => `${e.tagName}.${e.className}`)"""
AddUsers = Callable[..., None]


@pytest.fixture
def window(browser: Browser, served: str) -> Iterator[LooksLike]:
    """Open windows of any look; what went wrong in them fails the test."""
    with windows(browser, served) as look:
        yield look


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
    page.wait_for_url("**status=refused**")
    filtered = page.url

    assert "reason=invalid" in filtered
    assert 1 == page.locator("table.log tbody tr").count()
    page.get_by_role("link", name="checkout").click()
    expect(page.locator("main")).to_contain_text("Mend it in the shop")
    page.go_back()
    assert filtered == page.url
    page.get_by_role("link", name="Drop the filter reason").click()
    expect(page.locator("table.log tbody tr")).to_have_count(2)


@pytest.mark.usefixtures("full")
def test_a08_a_copied_address_gives_the_same_list_after_the_log_in(
    window: LooksLike, add_users: AddUsers
) -> None:
    add_users("viewer")
    page = window().open("/console/deliveries?kind=signup&status=skipped")
    page.get_by_label("Name").fill("viewer")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/deliveries?kind=signup&status=skipped")

    assert 1 == page.locator("table.log tbody tr").count()


def test_a03_a_refused_event_is_sent_again_by_keyboard_alone(
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


def test_a04_everything_works_without_scripts(
    window: LooksLike, add_users: AddUsers, full: Desktop
) -> None:
    add_users("operator")
    page = window(java_script_enabled=False).log_in()
    page.get_by_label("Find an event id, order id").fill("1004")
    page.get_by_role("button", name="Find").click()
    page.wait_for_url("**/console/deliveries/4")
    page.get_by_role("button", name="Send again").click()

    expect(page.get_by_role("status")).to_contain_text("set back to pending")
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

    expect(page.get_by_role("status")).to_contain_text("The job is written down.")
    assert "mended" == jobs.list_jobs(full.store)[0].reason
    page.get_by_role("button", name="Cancel this job").click()
    expect(page.locator(".head")).to_contain_text("cancelled")


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
def test_a12_the_very_first_visit_leads_to_a_user_and_a_webhook(
    window: LooksLike, add_users: AddUsers
) -> None:
    opened = window()
    page = opened.open("/console/")

    assert "forwarder user add NAME --role admin" in page.locator("main").inner_text()
    add_users("operator")
    opened.log_in()
    page = opened.open("/console/deliveries")
    assert "No delivery yet" in page.locator("main").inner_text()


@pytest.mark.usefixtures("full")
def test_a02_text_at_twice_its_size_still_fits_a_phone(
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
def test_a10_nothing_of_a_stranger_runs_in_the_console(
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


SHIFTS = """() => {
    window.shifts = [];
    new PerformanceObserver(found => {
        for (const shift of found.getEntries()) {
            const moved = shift.sources.map(one => one.node?.outerHTML);
            window.shifts.push(`${shift.value} ${moved}`);
        }
    }).observe({type: "layout-shift", buffered: false});
}"""
LIVE_MS = 5_100


@pytest.mark.parametrize("width", [360, 1280])
def test_a06_new_deliveries_are_told_and_nothing_moves(
    window: LooksLike, add_users: AddUsers, desktop: Desktop, width: int
) -> None:
    add_users("operator")
    for number in range(1, 8):
        desktop.take(event_of(number))
    opened = window(viewport={"width": width, "height": 800})
    page = opened.log_in()
    page.clock.install()
    opened.open("/console/deliveries")
    link = page.locator("table.log tbody tr").nth(1).get_by_role("link")
    link.focus()
    page.get_by_label("Tick delivery 3").check()
    link.focus()
    before = link.bounding_box()
    page.evaluate(SHIFTS)
    desktop.drain(Delivered())
    desktop.take(event_of(8))
    page.clock.run_for(LIVE_MS)
    show = page.get_by_role("link", name="1 new: show")
    show.wait_for()

    assert 7 == page.locator("tbody .status.delivered").count()
    assert 7 == page.locator("table.log tbody tr").count()
    assert before == link.bounding_box()
    assert "checkout" == focus(page)["text"]
    assert [] == page.evaluate("window.shifts")
    show.click()
    page.get_by_label("Tick delivery 8").wait_for()
    assert page.get_by_label("Tick delivery 3").is_checked()
    assert "Look for newer ones" == focus(page)["text"]
    page.clock.run_for(100)
    assert "The newest deliveries are shown." == page.locator("#said").inner_text()


def test_the_live_list_pauses_and_says_when_the_session_has_ended(
    window: LooksLike, add_users: AddUsers, full: Desktop
) -> None:
    add_users("viewer")
    opened = window()
    page = opened.log_in("viewer")
    page.clock.install()
    opened.open("/console/deliveries")
    pause = page.get_by_role("button", name="Pause")
    pause.click()
    full.take(event_of(20))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(4 * LIVE_MS)

    assert [] == asked
    assert "Paused" == page.locator(".live .hint").inner_text()
    opened.open("/console/deliveries?status=refused")  # it stays so in this window
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("Live, last looked at").wait_for()
    opened.may_fail = True
    with full.store.write() as connection:
        connection.exec_driver_sql("DELETE FROM sessions")
    page.clock.run_for(LIVE_MS)
    page.get_by_text("Your session has ended: load this page again").first.wait_for()


@pytest.mark.usefixtures("full")
def test_keys_move_tick_find_and_are_silent_in_boxes(
    window: LooksLike, add_users: AddUsers
) -> None:
    add_users("operator")
    opened = window()
    opened.log_in()
    page = opened.open("/console/deliveries")
    for key in "jjkjx":
        page.keyboard.press(key)
    assert page.get_by_label("Tick delivery 8").is_checked()
    page.keyboard.press("/")
    page.keyboard.type("jkx?r")
    assert "jkx?r" == page.get_by_label("Find an event id").input_value()
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/deliveries/9")
    opened.open("/console/deliveries/4")
    page.keyboard.press("r")
    assert "Send again" == focus(page)["text"]
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("These keys are on").uncheck()
    page.get_by_role("button", name="Close").click()
    opened.open("/console/deliveries")
    page.keyboard.press("j")
    assert "checkout" != focus(page)["text"]


@pytest.mark.usefixtures("full")
def test_what_is_copied_is_announced(window: LooksLike, add_users: AddUsers) -> None:
    add_users("viewer")
    opened = window(permissions=["clipboard-read", "clipboard-write"])
    opened.log_in("viewer")
    page = opened.open("/console/deliveries/4")
    page.get_by_role("button", name="Copy the event id").click()
    page.get_by_text("Copied.").wait_for()

    text = page.evaluate("navigator.clipboard.readText()")
    assert "shopify:my-shop:4:checkout" == text
    assert "Copy" == focus(page)["text"]


def test_a_person_is_revealed_by_keyboard_and_is_gone_after_going_back(
    window: LooksLike, add_users: AddUsers, full: Desktop
) -> None:
    add_users("operator")
    opened = window()
    opened.log_in()
    page = opened.open("/console/deliveries/4")
    assert "ada@example.com" not in page.content()
    page.get_by_label("Why you need to see it").focus()
    page.keyboard.type("the buyer asked")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Delivery 4 in clear").wait_for()

    assert "ada@example.com" in page.locator("main").inner_text()
    assert 1 == len(audit.entries(full.store, Wanted(action="revealed")).entries)
    page.go_back()
    assert "ada@example.com" not in page.content()


@pytest.mark.usefixtures("full")
def test_on_paper_and_without_scripts_stands_only_what_works_there(
    window: LooksLike, add_users: AddUsers
) -> None:
    add_users("operator")
    opened = window(java_script_enabled=False)
    opened.log_in()
    page = opened.open("/console/deliveries")
    hidden = [".scripted >> visible=true", ".copy >> visible=true"]

    assert [0, 0] == [page.locator(one).count() for one in hidden]
    page.get_by_role("link", name="Look for newer ones").click()
    page.get_by_label("Tick delivery 4").check()
    page.locator(".ticked").get_by_role("button", name="Send again").click()
    expect(page.locator("main")).to_contain_text("Send 1 delivery again")
    opened.open("/console/deliveries")
    page.emulate_media(media="print")
    gone = (".live", ".bulk", ".filters", ".c-tick", ".foot button", ".places")
    assert dict.fromkeys(gone, 0) == {
        one: page.locator(f"{one} >> visible=true").count() for one in gone
    }
