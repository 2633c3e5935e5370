"""Every page of the console in both themes and two widths: seen, and judged by axe.

The pages are read from the routes of the application, so that a new one is among them.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from forwarder.pipeline.replay import Asker, start_discard
from forwarder.store.jobs import Scope
from forwarder.store.views import View, save
from tests.web.conftest import add_admin, block, desktop_in, fill, serving
from tests.web.console_desk import (
    NOW,
    Desktop,
    event_of,
    open_alert,
    quarantine,
)
from tests.web.kpi_desk import fill_first_clicks, fill_kpi
from tests.web.link_desk import fill_links
from tests.web.page_list import page_addresses
from tests.web.report_desk import keep_report
from tests.web.shop_desk import fill_shop
from tests.web.windows import windows

ROOT = Path(__file__).parents[2]
SHOTS = Path(os.environ.get("FORWARDER_SCREENSHOTS", ROOT / "test-output" / "console"))
EYES = (Path(__file__).parent / "console_eyes.js").read_text(encoding="utf-8")
AXE = (ROOT / "tests/vendor/axe-core/axe.min.js").read_text(encoding="utf-8")
RUN_AXE = """async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"];
    const found = await axe.run(document, {runOnly: tags, resultTypes: ["violations"]});
    return found.violations.map(
        v => `${v.impact} ${v.id}: ${v.nodes.map(n => n.html).join(" | ")}`);
}"""
STATES = {
    "plan-discard": "/console/jobs/new/discard?status=refused&endpoint=my-shop",
    "filtered": "/console/deliveries?status=refused&endpoint=my-shop&order=1004",
    "nothing": "/console/deliveries?reason=unhashed",
    "bad-filter": "/console/deliveries?since=yesterday",
    "delivered": "/console/deliveries/2",
    "skipped": "/console/deliveries/6",
    "user": "/console/users/one?name=operator",
    "quality-of-nothing": "/console/quality?period=10m&endpoint=nobody",
    "blocked": "/console/deliveries/9",
    "board-of-october": "/console/kpi?month=2026-10",
    "plan-of-a-card": "/console/experiments/new?rule=creative_friction&month=2026-10",
    "taken-in": "/console/jobs/3",
    "asked": "/console/jobs/4",
    "not-found": "/console/deliveries/999",
}
Theme = Literal["light", "dark"]
LOOKS: tuple[tuple[Theme, int], ...] = (
    ("light", 1280),
    ("dark", 1280),
    ("light", 360),
    ("dark", 360),
)
JUDGED: tuple[tuple[Theme, int], ...] = (("light", 1280), ("dark", 360))


@pytest.fixture(scope="module")
def desk(
    tmp_path_factory: pytest.TempPathFactory, empty_file: Path
) -> Iterator[Desktop]:
    """A console with everything in it that a page may show."""
    with desktop_in(tmp_path_factory.mktemp("pages"), empty_file) as made:
        fill(made)
        block(made)
        made.take(event_of(40, event_id="a-very-long-event-id-" + "x" * 200))
        quarantine(made)
        open_alert(made)
        keep_report(made.store)
        fill_links(made)
        fill_kpi(made.store)
        fill_first_clicks(made.store, "spring")
        asker = Asker(who="admin", reason="the currency is mended at the shop")
        start_discard(made.store, Scope(), asker, made.clock())
        assert (3, 4) == fill_shop(made)
        save(made.store, "admin", View(name="My view", query="kind=lead", saved_at=NOW))
        add_admin(made.store)
        yield made


def test_the_pages_are_found(desk: Desktop) -> None:
    found = page_addresses(desk.app)

    assert {
        "deliveries.show_all",
        "deliveries.show",
        "overview.show",
        "bulk.show",
    } <= found.keys()
    assert len(found) >= 11


@pytest.mark.parametrize("part", [0, 1])
def test_a01_every_page_can_be_read_by_everybody(
    browser: Browser, desk: Desktop, part: int
) -> None:
    every = {**page_addresses(desk.app), **STATES}
    mine = dict(sorted(every.items())[part::2])
    with serving(desk.app) as address, windows(browser, address) as look:
        opened = look(reduced_motion="reduce")
        opened.may_fail = True  # a page that is not found
        opened.log_in("admin")
        found = {name: look_at(opened.open(at), name) for name, at in mine.items()}

    assert {name: [] for name in mine} == found


def test_the_log_in_and_a_revealed_person_can_be_read_by_everybody(
    browser: Browser, desk: Desktop
) -> None:
    with serving(desk.app) as address, windows(browser, address) as look:
        opened = look(reduced_motion="reduce")
        found = look_at(opened.open("/console/login"), "login")
        opened.log_in("admin")
        page = opened.open("/console/deliveries/4")
        page.get_by_label("Why you need to see it").fill("the buyer asked")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="in clear").wait_for()
        found += look_at(page, "revealed")

    assert [] == found


def test_a14_a_picture_of_a_page_is_kept_in_each_look(
    browser: Browser, desk: Desktop
) -> None:
    for one in SHOTS.glob("overview-first-*.png"):
        one.unlink()
    with serving(desk.app) as address, windows(browser, address) as look:
        look_at(look(reduced_motion="reduce").log_in("admin"), "overview-first")

    assert {f"overview-first-{theme}-{width}.png" for theme, width in LOOKS} == {
        one.name for one in SHOTS.glob("overview-first-*.png")
    }


def look_at(page: Page, name: str) -> list[str]:
    """Return what is wrong with a page; keep a picture of it in each look.

    Judged once in each theme and in each width: neither changes what the other does.
    """
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
    for theme, width in LOOKS:
        put_on(page, theme, width)
        # Playwright hides the caret by a style of its own, which would be a fault.
        shot = SHOTS / f"{name}-{theme}-{width}.png"
        page.screenshot(path=shot, full_page=True, caret="initial")
    faults: list[str] = []
    for theme, width in JUDGED:
        put_on(page, theme, width)
        faults += [f"{theme} {width}: {one}" for one in page.evaluate(EYES)]
    page.evaluate(AXE)  # through the debugger: the page allows no script but its own
    for theme, width in JUDGED:
        put_on(page, theme, width)
        faults += [f"{theme} {width}: {one}" for one in page.evaluate(RUN_AXE)]
    return faults


def put_on(page: Page, theme: Theme, width: int) -> None:
    """Let the page stand in a theme and a width."""
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)
