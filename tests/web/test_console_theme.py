"""Light, dark, or what the system says: chosen at the foot of every page."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect
from werkzeug.test import TestResponse

from tests.web.console_desk import Desktop, token_in
from tests.web.page_list import page_addresses
from tests.web.test_every_page import EYES
from tests.web.windows import windows

LogIn = Callable[[str], FlaskClient]
LIGHT, DARK = "rgb(246, 247, 247)", "rgb(18, 24, 26)"


def choose(client: FlaskClient, theme: str, back: str = "") -> TestResponse:
    token = token_in(client.get("/console/login").text)
    if not token:
        token = token_in(client.get("/console/").text)
    form = {"token": token, "theme": theme, "next": back}
    return client.post("/console/theme", data=form)


def shows(page: Page, colour: str) -> None:
    """Fail unless the page has this ground, now or once it has loaded."""
    expect(page.locator("body")).to_have_css("background-color", colour)


def test_every_page_stands_in_the_theme_that_was_chosen(
    full: Desktop, log_in: LogIn
) -> None:
    client = log_in("admin")
    choose(client, "dark")
    for name, address in page_addresses(full.app).items():
        page = client.get(address).text
        assert '<html lang="en" data-theme="dark">' in page, name
        assert '<meta name="color-scheme" content="dark">' in page, name
        assert f'<input type="hidden" name="next" value="{address}">' in page, name
        assert ["Dark"] == re.findall(r'aria-pressed="true">(\w+)<', page), name


@pytest.mark.usefixtures("desktop")
def test_the_choice_leads_back_to_its_page_and_nowhere_else(log_in: LogIn) -> None:
    client = log_in("viewer")
    here = "/console/deliveries?status=refused&order=1004"

    assert here == choose(client, "light", here).location
    for elsewhere in (
        "https://other.example/console/",
        "//other.example",
        "",
        "/hooks",
    ):
        assert "/console/" == choose(client, "light", elsewhere).location
    refused = choose(client, "sepia")
    assert (422, True) == (refused.status_code, "system, light, dark" in refused.text)
    client.set_cookie("forwarder_theme", '"><script>', path="/console/")
    assert '<html lang="en">' in client.get("/console/").text


def test_it_is_chosen_before_the_log_in_and_kept_for_a_year(
    client: FlaskClient,
) -> None:
    answer = choose(client, "dark", "/console/login?next=/console/jobs")
    cookies = answer.headers.getlist("Set-Cookie")
    [kept] = [one for one in cookies if one.startswith("forwarder_theme=")]

    assert "/console/login?next=/console/jobs" == answer.location
    assert "forwarder_theme=dark" in kept
    for word in ("HttpOnly", "SameSite=Lax", "Path=/console/", "Max-Age=31536000"):
        assert word in kept
    assert 'data-theme="dark"' in client.get("/console/login").text
    choose(client, "system")
    page = client.get("/console/login").text
    assert "data-theme" not in page
    assert '<meta name="color-scheme" content="light dark">' in page


@pytest.mark.usefixtures("full")
def test_a_page_that_was_posted_for_is_not_left_for_its_colours(log_in: LogIn) -> None:
    client = log_in("operator")
    token = token_in(client.get("/console/").text)
    form = {"token": token, "because": "the buyer asked"}
    page = client.post("/console/deliveries/4/reveal", data=form).text

    assert "ada@example.com" in page
    assert "/console/theme" not in page


@pytest.mark.slow
def test_a_theme_wins_over_the_system_without_scripts_and_stays_legible(
    browser: Browser, served: str, add_users: Callable[..., None]
) -> None:
    add_users("operator")
    with windows(browser, served) as look:
        still = look(java_script_enabled=False, color_scheme="light")
        page = still.open("/console/login")
        shows(page, LIGHT)
        page.get_by_role("button", name="Dark").click()
        shows(page, DARK)
        page = still.log_in()
        shows(page, DARK)
        page.emulate_media(media="print")
        shows(page, "rgb(255, 255, 255)")
        page.emulate_media(media="screen")
        page.get_by_role("button", name="System").click()
        shows(page, LIGHT)
        moving = look(color_scheme="dark")
        page = moving.log_in()
        shows(page, DARK)
        page.get_by_role("button", name="Light").click()
        shows(page, LIGHT)
        assert [] == page.evaluate(EYES)
