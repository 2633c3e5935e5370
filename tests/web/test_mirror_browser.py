"""The mirror in a real Chromium, with a stand-in for the platform's own script."""

import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Route

from forwarder.core.event import Kind
from forwarder.core.mirror import Allowed, Device, MirrorEvent, TagState
from tests.web.collector import Collector, served

TAG_STUB = """
!function(u){if(!window.pintrk){window.pintrk=function(){
  window.pintrk.queue.push(Array.prototype.slice.call(arguments))};
  window.pintrk.queue=[];var t=document.createElement("script");t.async=true;t.src=u;
  document.head.appendChild(t)}}("https://s.pinimg.com/ct/core.js");
pintrk("load","0000");
"""
CORE = """
(function(){var seen=[];while(window.pintrk.queue.length)
  seen.push(window.pintrk.queue.shift());
  window.pintrk=function(){seen.push(arguments)};
  window.pintrk.queue=[];window.pintrk.loaded=true;window.seen=seen})();
"""
EARLY = """
window.forwarderMirror=window.forwarderMirror||function(){
  (window.forwarderMirror.q=window.forwarderMirror.q||[]).push(arguments)};
"""
SALE = """
if(window.pintrk)pintrk("track","checkout",{order_id:"1001"});
forwarderMirror("checkout",{event_id:"shopify:my-shop:1001:checkout",
  order_id:"1001",value:"29.35",currency:"EUR"});
"""
Opens = Callable[..., Page]


class Shop:
    """A shop whose thank-you page carries tag and mirror, in any order."""

    address = ""

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.collector_url = ""
        self.before = ""
        self.attributes = 'data-shop="my-shop" data-wait-ms="1000"'
        self.tag = TAG_STUB
        self.mirror_first = True

    def page(self) -> str:
        mirror = (
            f'<script src="{self.collector_url}/static/mirror.js" '
            f"{self.attributes}></script>"
        )
        tag = f"<script>{self.tag}</script>"
        head = mirror + tag if self.mirror_first else tag + mirror
        return (
            f"<!doctype html><head><script>{self.before}{EARLY}</script>{head}</head>"
            f"<body><h1>Thank you</h1><script>{SALE}</script></body>"
        )


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop(Collector())
    app = Flask("shop")
    app.add_url_rule("/thanks", "thanks", made.page)
    app.add_url_rule("/next", "next", lambda: "<!doctype html><title>next</title>")
    with served(app) as address:
        made.collector.origins = frozenset({address})
        with served(made.collector.app()) as made.collector_url:
            made.address = address
            yield made


def told(shop: Shop, page: Page) -> list[MirrorEvent]:
    """Return what was told; the page's requests are answered meanwhile."""
    deadline = time.monotonic() + 10
    while not shop.collector.taken and time.monotonic() < deadline:
        page.wait_for_timeout(20)
    page.wait_for_timeout(50)
    return list(shop.collector.taken)


def serve_core(route: Route) -> None:
    route.fulfill(body=CORE, content_type="text/javascript")


def block(route: Route) -> None:
    route.abort("blockedbyclient")


def never(_: Route) -> None:
    """Leave the request without an answer."""


def slow(route: Route) -> None:
    time.sleep(0.4)
    serve_core(route)


@pytest.fixture
def visit(browser: Browser, shop: Shop) -> Iterator[Opens]:
    """Open the thank-you page, the platform's script answered as told."""
    contexts: list[BrowserContext] = []

    def opened(answer: Callable[[Route], None], **looks: object) -> Page:
        context = browser.new_context(**looks)  # type: ignore[arg-type]
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.route("https://s.pinimg.com/**", answer)
        page.goto(f"{shop.address}/thanks", wait_until="domcontentloaded")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("answer", "tag", "mirror_first"),
    [
        (serve_core, TagState.ALIVE, True),
        (slow, TagState.ALIVE, False),
        (block, TagState.BLOCKED, True),
        (block, TagState.BLOCKED, False),
        (never, TagState.LATE, True),
    ],
)
def test_what_became_of_the_tag_is_told(
    shop: Shop,
    visit: Opens,
    answer: Callable[[Route], None],
    tag: TagState,
    mirror_first: bool,  # noqa: FBT001
) -> None:
    shop.mirror_first = mirror_first
    page = visit(answer)
    event = told(shop, page)[0]

    assert (tag, Kind.CHECKOUT, "1001", 2935, Device.DESKTOP_CHROME) == (
        event.tag,
        event.kind,
        event.order_id,
        event.value_minor,
        event.device,
    )
    assert Allowed.UNKNOWN is event.consent


def test_a_page_without_the_tag_says_so(shop: Shop, visit: Opens) -> None:
    shop.tag = ""
    page = visit(block)

    assert TagState.ABSENT is told(shop, page)[0].tag


def test_a_visitor_who_leaves_early_is_told_once(shop: Shop, visit: Opens) -> None:
    shop.attributes = 'data-shop="my-shop" data-wait-ms="60000"'
    page = visit(never)
    page.goto(f"{shop.address}/next")

    assert [TagState.LATE] == [one.tag for one in told(shop, page)]


def test_the_tag_still_gets_its_own_calls(shop: Shop, visit: Opens) -> None:
    page = visit(serve_core)
    page.wait_for_function("window.seen && window.seen.length === 2")

    assert ["load", "track"] == page.evaluate("seen.map(one => one[0])")
    assert 1 == len(told(shop, page))


@pytest.mark.parametrize(
    ("before", "attributes", "consent"),
    [
        ("window.forwarderConsent=false;", "", Allowed.DENIED),
        ("window.forwarderConsent=function(){return false};", "", Allowed.DENIED),
        ("", 'data-consent="required"', Allowed.DENIED),
        ("window.forwarderConsent=true;", 'data-consent="required"', Allowed.GRANTED),
    ],
)
def test_consent_decides_what_leaves_the_page(
    shop: Shop, visit: Opens, before: str, attributes: str, consent: Allowed
) -> None:
    shop.before = before
    shop.attributes += f" {attributes}"
    page = visit(serve_core)
    event = told(shop, page)[0]

    assert (consent, consent is Allowed.GRANTED) == (
        event.consent,
        event.order_id == "1001",
    )


def test_global_privacy_control_keeps_ids_on_the_page(shop: Shop, visit: Opens) -> None:
    shop.before = (
        'Object.defineProperty(navigator,"globalPrivacyControl",{value:true});'
        "window.bodies=[];navigator.sendBeacon=(_,body)=>{bodies.push(body)};"
    )
    page = visit(serve_core)
    event = told(shop, page)[0]

    assert (True, None) == (event.has_gpc, event.order_id)
    assert "1001" not in str(page.evaluate("bodies"))


def test_without_beacon_the_event_is_fetched(shop: Shop, visit: Opens) -> None:
    shop.before = "navigator.sendBeacon=undefined;"
    page = visit(serve_core)

    assert "1001" == told(shop, page)[0].order_id


def test_the_mirror_sets_no_cookie_and_stores_nothing(shop: Shop, visit: Opens) -> None:
    page = visit(serve_core)
    told(shop, page)

    assert [] == page.context.cookies()
    assert 0 == page.evaluate("localStorage.length + sessionStorage.length")
