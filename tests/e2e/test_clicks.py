"""From a Pin to the report, through real processes and a real browser."""

import json
import random  # noqa: TID251  with a seed
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page

from forwarder.clicks import funnel
from forwarder.core.event import Notice
from forwarder.core.links import Link
from forwarder.samples import TEST_SECRETS, fresh
from forwarder.sources import SOURCES
from forwarder.store import clicks, links
from tests.e2e.box import Box
from tests.e2e.processes import wait_until
from tests.e2e.shop_site import Site, shop_site
from tests.servers import (
    find_program,
    free_port,
    running_postgres,
    stop,
    wait_until_open,
)

pytestmark = pytest.mark.slow

EPIK = "dj0yJnU9am91cm5leQ"
QUERY = f"utm_source=pinterest&utm_campaign=a%20b&epik={EPIK}"
SETTINGS = """
[clicks]
allowed_hosts = ["127.0.0.1"]
landing_origins = ["{shop}"]
[collect]
allowed_origins = ["{shop}"]
"""
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) [Pinterest/iOS]"
Opens = Callable[..., Page]


@dataclass
class Scene:
    """One box, the shop, and the links that tests make."""

    box: Box
    site: Site

    def link(self, slug: str, **more: Any) -> str:  # noqa: ANN401
        """Make a link to the shop; return its address once the web process knows it."""
        link = Link(slug=slug, to=f"{self.site.shop}/s", **more)
        links.add(self.box.store, link, self.box.store.now())
        address = f"{self.box.url}/go/{slug}"
        wait_until(
            f"{slug} leads to the shop",
            lambda: requests.get(f"{address}+", timeout=10).ok,
            10,
            0.2,
        )
        return address

    def counts(self, slug: str) -> dict[str, int]:
        found = clicks.counts(self.box.store).get(slug, {})
        return {kind.value: n for kind, n in found.items()}

    def wait_for(self, slug: str, kind: str, n: int) -> dict[str, int]:
        """Return the counts once there are so many of a kind."""

        def are_there() -> bool:
            return self.counts(slug).get(kind, 0) >= n

        wait_until(f"{n} {kind} clicks on {slug}", are_there, 20, 0.2)
        return self.counts(slug)

    def tied(self, slug: str) -> int:
        """Return how many orders are tied to a link."""
        today = self.box.store.now().date()
        found = funnel.of_links(self.box.store, today, today)
        return sum(one.orders for one in found if one.name == slug)

    def json(self, *words: str) -> Any:  # noqa: ANN401
        done = self.box.run(*words)

        assert 0 == done.returncode, done.stderr
        return json.loads(done.stdout)


@contextmanager
def staged(folder: Path) -> Iterator[Scene]:
    with shop_site() as site, Box(folder) as box:
        file = folder / "forwarder.toml"
        text = file.read_text().replace("[service]", "[service]\ntrusted_proxies = 1")
        file.write_text(text + SETTINGS.format(shop=site.shop))
        box.start_all()
        yield Scene(box, site)

        assert [] == box.crashes()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with staged(tmp_path_factory.mktemp("clicks")) as made:
        yield made


@pytest.fixture
def visit(browser: Browser) -> Iterator[Opens]:
    """Open a page as a new visitor; more words are headers that a browser adds."""
    contexts: list[BrowserContext] = []

    def opened(address: str, **headers: str) -> Page:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        context = browser.new_context(extra_http_headers=told)
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()


def token_of(page: Page) -> str:
    """Return the token of the cookie; empty if the browser got none."""
    cookies = page.context.cookies()
    return next((one["value"] for one in cookies if one["name"] == "_pcid"), "")


def an_order(serial: int, token: str) -> Notice:
    """Return a signed order that brings the token, and no click id of its own."""
    now = datetime.now(UTC)  # noqa: TID251  a shop's own clock
    secret = TEST_SECRETS["shopify"]
    made = fresh("shopify", "orders-paid", secret, now, serial)
    data = json.loads(made.body)
    data["note_attributes"] = [{"name": "pcid", "value": token}]
    data["landing_site"] = None
    data["processed_at"] = data["created_at"] = now.isoformat()
    told = replace(made, body=json.dumps(data).encode())
    return SOURCES["shopify"].sign(told, secret, now)


def test_a_pin_leads_to_an_order_that_pinterest_report_and_funnel_know(
    scene: Scene, visit: Opens
) -> None:
    box, site = scene.box, scene.site
    link = scene.link("journey", campaign="spring", pin_id="4711")
    site.pages["/pin"] = f'<a id="pin" href="{link}?{QUERY}">Pin</a>'
    page = visit(f"{site.hub}/pin")
    page.click("#pin")
    page.wait_for_url("**/s?**")
    landed, token = page.url, token_of(page)
    scene.wait_for("journey", "human", 1)
    order = an_order(777_001, token)
    answer = requests.post(
        f"{box.url}/hooks/my-shopify",
        data=order.body,
        headers=dict(order.headers),
        timeout=10,
    )
    order_id = str(json.loads(order.body)["id"])
    box.wait_until_drained(20)
    sent = [
        one["event"]
        for one in box.ledger(with_events=True)["events"]
        if one["event"]["custom_data"].get("order_id") == order_id
    ]
    (line,) = [one for one in box.lines() if one.order_id == order_id]
    shown = box.run("events", "show", str(line.id), "--json")

    assert f"{site.shop}/s?{QUERY}&pcid={token}" == landed
    assert (200, 1) == (answer.status_code, answer.json()["accepted"])
    assert [EPIK] == [one["user_data"]["click_id"] for one in sent]
    assert "the click id came from the click on /go/journey at" in shown.stdout

    wait_until("the order is tied", lambda: bool(scene.tied("journey")), 45, 0.5)
    month = f"{datetime.now(UTC):%Y-%m}"  # noqa: TID251
    report = scene.json("reconcile", "--month", month, "--format", "json")
    assert {"delivery": 1, "attribution": 1} == {
        one["level"]: one["counts"]["server"]
        for one in report
        if one["kind"] == "checkout"
    }
    funnels = scene.json("links", "funnel", "--json")
    (found,) = [one for one in funnels["links"] if one["name"] == "journey"]
    assert found["first_party"] == {
        "clicks": 1, "landings": 0, "sign_ups": 0, "orders": 1, "repeat_orders": 0,
        "orders_by_tier": {"1": 1}, "revenue": {"EUR": "95.90"}, "repeat_revenue": {},
    }  # fmt: skip


AHEAD = {
    "prefetch": '<script type="speculationrules">{{"prefetch": [{{"source": "list", '
    '"urls": ["{0}"], "eagerness": "immediate"}}]}}</script>',
    "prerender": '<script type="speculationrules">{{"prerender": [{{"source": "list", '
    '"urls": ["{0}"], "eagerness": "immediate"}}]}}</script>',
    "link": '<link rel="prefetch" href="{0}">',
}


@pytest.mark.parametrize("how", AHEAD)
def test_a_browser_that_fetches_ahead_is_one_person_at_the_click(
    scene: Scene, visit: Opens, how: str
) -> None:
    link = f"{scene.link(f'ahead-{how}')}?{QUERY}"
    scene.site.pages[f"/{how}"] = f'{AHEAD[how].format(link)}<a id="pin" href="{link}">'
    page = visit(f"{scene.site.hub}/{how}")
    before = scene.wait_for(f"ahead-{how}", "prefetch", 1)
    page.evaluate("document.getElementById('pin').click()")
    page.wait_for_url("**/s?**")
    counts = scene.wait_for(f"ahead-{how}", "human", 1)

    assert 0 == before.get("human", 0)
    assert 1 == counts["human"]
    assert page.url.endswith(f"{QUERY}&pcid={token_of(page)}")


def test_global_privacy_control_leaves_no_cookie_and_no_token(
    scene: Scene, visit: Opens
) -> None:
    page = visit(f"{scene.link('gpc')}?{QUERY}", Sec_GPC="1")

    assert f"{scene.site.shop}/s?{QUERY}" == page.url
    assert [] == page.context.cookies()
    assert 1 == scene.wait_for("gpc", "human", 1)["human"]


def test_the_cookie_is_the_servers_own_and_brings_the_visitor_back(
    scene: Scene, visit: Opens
) -> None:
    link = scene.link("back")
    page = visit(f"{link}?{QUERY}")
    (cookie,) = page.context.cookies()
    page.goto(link)

    assert ("_pcid", "/", True, True, "Lax") == tuple(
        cookie[name] for name in ("name", "path", "httpOnly", "secure", "sameSite")
    )
    assert 30 == pytest.approx((cookie["expires"] - time.time()) / 86_400, abs=1)  # noqa: TID251
    assert f"{scene.site.shop}/s?pcid=" in page.url


def landing(scene: Scene, slug: str) -> str:
    """Return the address of a landing page with the script."""
    source = f"{scene.box.url}/static/mirror.js"
    scene.site.pages["/landing"] = (
        f'<title>shop</title><script src="{source}" data-shop="my-shopify" '
        f'data-link="{slug}" defer></script>'
    )
    return f"{scene.site.shop}/landing"


def test_a_pin_that_leads_straight_to_the_shop_gets_its_token_there(
    scene: Scene, visit: Opens
) -> None:
    scene.link("zero")
    page = visit(f"{landing(scene, 'zero')}?{QUERY}")
    token = page.wait_for_function("window.pcid").json_value()
    counts = scene.wait_for("zero", "human", 1)
    plain = visit(landing(scene, "zero"))
    refused = visit(f"{landing(scene, 'zero')}?{QUERY}", Sec_GPC="1")
    scene.wait_for("zero", "human", 2)
    found = scene.json("links", "funnel", "--json")

    assert token == token_of(page)
    assert 1 == counts["human"]
    assert [None, None] == [one.evaluate("window.pcid") for one in (plain, refused)]
    assert ["", ""] == [token_of(one) for one in (plain, refused)]
    assert {"zero": 2} == {
        one["name"]: one["first_party"]["landings"]
        for one in found["links"]
        if one["name"] == "zero"
    }


N_QUERIES = 5_000
AT_ONCE = 25
LETTERS = "abcXYZ019-._~!$'()*+,;:@/?[]|{}^`"
VISITOR = "198.51.100.77"


def a_query(dice: random.Random) -> str:
    """Return a query as browsers and careless mailers write them."""
    segments = [
        f"k{n}{a_text(dice)}={a_text(dice)}" for n in range(dice.randrange(1, 9))
    ]
    return "&".join(segments)


def a_text(dice: random.Random) -> str:
    parts = [
        dice.choice(LETTERS) if dice.random() < 0.8 else f"%{dice.randrange(256):02X}"
        for _ in range(dice.randrange(12))
    ]
    return "".join(parts)


def changed(scene: Scene, port: int, slug: str) -> list[str]:
    """Return the queries of 5,000 that did not arrive byte for byte with one token."""
    dice = random.Random(20261122)  # noqa: S311  with a seed
    queries = [a_query(dice) for _ in range(N_QUERIES)]
    wrong = []
    for start in range(0, N_QUERIES, AT_ONCE):
        part = queries[start : start + AT_ONCE]
        with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
            line.sendall(b"".join(asked(slug, one, start) for one in part))
            heads = answers(line, len(part))
        wrong += [
            query
            for query, head in zip(part, heads, strict=True)
            if not is_whole(scene, query, head)
        ]
    return wrong


def asked(slug: str, query: str, number: int) -> bytes:
    """Return one request; every 25 come from one visitor, as a person might."""
    return (
        f"GET /go/{slug}?{query} HTTP/1.1\r\nHost: events.example.com\r\n"
        f"User-Agent: {PHONE} {number}\r\nX-Forwarded-For: {VISITOR}\r\n\r\n"
    ).encode()


def answers(line: socket.socket, n: int) -> list[str]:
    """Return the heads of so many answers, which have no bodies."""
    told = b""
    while told.count(b"\r\n\r\n") < n:
        piece = line.recv(65_536)
        assert piece, told[-500:]
        told += piece
    return told.decode("latin-1").split("\r\n\r\n")[:n]


def is_whole(scene: Scene, query: str, head: str) -> bool:
    first, *lines = head.split("\r\n")
    headers = dict(one.split(": ", 1) for one in lines)
    told = {name.lower(): value for name, value in headers.items()}
    token = told.get("set-cookie", "").partition("_pcid=")[2].partition(";")[0]
    meant = f"{scene.site.shop}/s?{query}&pcid={token}"
    return " 302 " in first and told["location"] == meant and len(token) == 30


def test_five_thousand_queries_pass_the_server_and_leave_no_address_behind(
    scene: Scene,
) -> None:
    scene.link("bytes")

    assert [] == changed(scene, scene.box.port, "bytes")
    scene.wait_for("bytes", "human", N_QUERIES)
    kept = [one.read_bytes() for one in scene.box.folder.rglob("*") if one.is_file()]
    assert any(b"bytes" in one for one in kept)
    assert [] == [
        mark for mark in (VISITOR, "iPhone OS 18_5") if mark.encode() in b"".join(kept)
    ]


NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location ~ ^/(hooks/|go/|b/|c$) {{
            proxy_pass http://127.0.0.1:{to};
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""


@contextmanager
def nginx(folder: Path, to: int) -> Iterator[int]:
    """Run nginx as docs/running.md says; give its port."""
    port = free_port()
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(folder=folder, port=port, to=to))
    command = [find_program("nginx"), "-c", str(file), "-e", f"{folder}/error.log"]
    process = subprocess.Popen(command)  # noqa: S603  our own words
    try:
        wait_until_open(port, process)
        yield port
    finally:
        stop(process)


def test_five_thousand_queries_pass_nginx_in_front(
    scene: Scene, tmp_path: Path
) -> None:
    scene.link("proxied")
    with nginx(tmp_path, scene.box.port) as port:
        assert [] == changed(scene, port, "proxied")


def test_links_lead_on_while_the_database_is_gone_and_every_click_is_kept_once(
    tmp_path: Path,
) -> None:
    n = 1_250  # of them 1,000 without a database
    with running_postgres() as server, Box(tmp_path, server.new_database()) as box:
        file = box.folder / "forwarder.toml"
        file.write_text(file.read_text() + SETTINGS.format(shop="https://a.example"))
        box.upgrade()
        box.start_web()
        scene = Scene(box, Site())
        scene.link("cut")
        statuses = clicked(box, range(250))
        server.stop()
        statuses += clicked(box, range(250, n))
        server.start()
        counts = scene.wait_for("cut", "human", n)
        with box.store.read() as connection:
            ids = connection.exec_driver_sql("SELECT id FROM clicks").all()

    assert [302] * n == statuses
    assert {"human": n} == counts
    assert n == len(ids)


def clicked(box: Box, numbers: Iterable[int]) -> list[int]:
    """Click once as each of these visitors; return the answers."""
    line = HTTPConnection("127.0.0.1", box.port, timeout=10)
    statuses = []
    for number in numbers:
        told = {"User-Agent": f"{PHONE} {number}"}
        line.request("GET", f"/go/cut?{QUERY}{number}", headers=told)
        answer = line.getresponse()
        answer.read()
        statuses.append(answer.status)
    line.close()
    return statuses
