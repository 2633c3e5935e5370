"""A page that waits for a webhook shows it by itself, with scripts and without."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from forwarder.core.delivery import Delivered
from forwarder.store import health
from tests.web.conftest import add_admin, desktop_in, serving
from tests.web.console_desk import Desktop, event_of
from tests.web.shop_desk import orders, with_key, work
from tests.web.windows import windows


@pytest.fixture
def desk(tmp_path: Path, empty_file: Path) -> Iterator[Desktop]:
    with desktop_in(tmp_path, empty_file) as made:
        add_admin(made.store)
        health.note_worker(made.store, "w", made.clock.now)
        yield made


def test_first_steps_go_on_by_themselves_and_the_focus_stays(
    browser: Browser, desk: Desktop
) -> None:
    with serving(desk.app) as address, windows(browser, address) as look:
        page = look().log_in("admin")
        page.get_by_role("link", name="the first steps").click()
        page.wait_for_url("**/console/first")
        assert page.get_by_text("waiting for the first webhook").is_visible()
        page.get_by_role("link", name="Overview").focus()
        desk.take(event_of(1))
        page.locator('#waiting[data-waits="delivery"]').wait_for()
        said = page.locator("#said").inner_text()
        desk.drain(Delivered())
        page.get_by_role("link", name="the platform took it").wait_for()

        assert "Something has come" in said
        focused = page.evaluate("document.activeElement.textContent")
        assert "Overview" == focused
        page.get_by_role("link", name="the platform took it").click()
        page.wait_for_url("**/console/deliveries/1")


def test_without_scripts_a_waiting_page_loads_itself_anew(
    browser: Browser, desk: Desktop
) -> None:
    with serving(desk.app) as address, windows(browser, address) as look:
        page = look(java_script_enabled=False).log_in("admin")
        page.goto(f"{address}/console/sources/my-shop")
        assert "15" == page.locator("meta[http-equiv=refresh]").get_attribute("content")
        desk.take(event_of(1))
        page.reload()

        assert 0 == page.locator("meta[http-equiv=refresh]").count()
        assert page.get_by_text("it is genuine and was taken in").is_visible()


def test_a_shop_is_asked_and_its_missing_taken_in_while_one_looks_on(
    browser: Browser, desk: Desktop
) -> None:
    with_key(desk)
    with serving(desk.app) as address, windows(browser, address) as look:
        page = look().log_in("admin")
        page.goto(f"{address}/console/sources/my-shop")
        page.get_by_role("button", name="Count what was missed").click()
        page.get_by_text("It waits for a worker.").wait_for()
        work(desk, orders(1, 2))
        page.get_by_role("button", name="Take in 2 missing events").click()
        page.wait_for_url("**/console/jobs/2")
        work(desk, orders(1, 2))
        page.get_by_text("2 of 2 missing events taken in").wait_for()
        page.goto(f"{address}/console/sources/my-shop")
        page.get_by_label("Sample").select_option("orders-paid")
        page.get_by_role("button", name="Send this test").click()
        page.wait_for_url("**/console/deliveries/3")

        assert page.get_by_text("It never counts as an order.").is_visible()
