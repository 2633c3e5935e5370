"""`GET /go/<slug>` in the whole application: headers, cookies, spool, rows."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from config.settings import load
from forwarder import app as door
from forwarder.clicks import spool
from forwarder.core.links import Arm, Bio, ClickClass
from forwarder.sources import SOURCES
from forwarder.store import Store, clicks, funnel, links
from forwarder.web.desk import EXTENSION
from tests.clicks.following import ADDRESS, NOW, PHONE, TO, a_link
from tests.web.test_rules import SETTINGS

CLICKS = """allowed_hosts = ["shop.example.com"]
landing_origins = ["https://shop.example.com"]"""
QUERY = "utm_source=pinterest&utm_campaign=a%20b&epik=dj0y-_~%3D"


@dataclass
class Site:
    """The application with one link, and where its clicks wait."""

    client: Client
    store: Store
    folder: Path

    def ask(self, path: str, method: str = "GET", **headers: str) -> TestResponse:
        told = {"User-Agent": PHONE, **headers}
        return self.client.open(
            path,
            method=method,
            headers={name.replace("_", "-"): value for name, value in told.items()},
            environ_base={"REMOTE_ADDR": ADDRESS},
        )

    def import_all(self, n: int) -> None:
        deadline = time.monotonic() + 10
        n_new = 0
        while n_new < n and time.monotonic() < deadline:
            time.sleep(0.05)
            n_new += spool.take_in(
                self.folder / "var" / "clicks", lambda one: clicks.keep(self.store, one)
            )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    file = tmp_path / "forwarder.toml"
    file.write_text(f"{SETTINGS}\n[clicks]\n{CLICKS}\n")
    monkeypatch.setattr(door.telemetry, "setup", lambda *_: None)
    monkeypatch.setattr(door.slow, "watch", lambda: None)
    monkeypatch.setattr(spool, "TURN_S", 0.1)
    made = door.create_app(load({}, file, sources=SOURCES))
    store = made.extensions[EXTENSION].store
    links.add(store, a_link(), NOW)
    yield Site(Client(made.wsgi_app, use_cookies=False), store, tmp_path)
    store.close()


def cookies(answer: TestResponse) -> dict[str, list[str]]:
    found = (one.split("; ") for one in answer.headers.getlist("Set-Cookie"))
    return {parts[0].partition("=")[0]: parts for parts in found}


def test_one_hop_with_every_segment_and_one_token(site: Site) -> None:
    answer = site.ask(f"/go/spring?{QUERY}")
    told = cookies(answer)
    token = told["_pcid"][0].partition("=")[2]

    assert 302 == answer.status_code
    assert f"{TO}?{QUERY}&pcid={token}" == answer.headers["Location"]
    assert 30 == len(token)
    assert ["Path=/", "Max-Age=2592000", "Secure", "HttpOnly", "SameSite=Lax"] == (
        told["_pcid"][1:]
    )
    assert "no-store" == answer.headers["Cache-Control"]
    assert "strict-origin-when-cross-origin" == answer.headers["Referrer-Policy"]
    assert "noindex" == answer.headers["X-Robots-Tag"]


def test_the_location_keeps_what_werkzeug_would_write_anew(site: Site) -> None:
    odd = 'a=|[]"{}<>^`&b=%7C'
    environ: dict[str, Any] = {
        "PATH_INFO": "/go/spring", "QUERY_STRING": odd, "REQUEST_METHOD": "GET",
        "HTTP_USER_AGENT": "curl/8", "REMOTE_ADDR": ADDRESS,
    }  # fmt: skip
    told: dict[str, str] = {}
    site.client.application(environ, lambda _, headers: told.update(headers))

    assert f"{TO}?{odd}" == told["Location"]


def test_six_requests_are_six_rows_and_one_person(site: Site) -> None:
    for _ in range(3):
        answer = site.ask("/go/spring", "HEAD")
        assert (302, {}) == (answer.status_code, cookies(answer))
    ahead = site.ask("/go/spring", Sec_Purpose="prefetch;prerender")
    site.ask("/go/spring", User_Agent="Pinterestbot/1.0")
    site.ask("/go/spring")
    site.import_all(6)

    assert (503, "no-store") == (ahead.status_code, ahead.headers["Cache-Control"])
    assert {} == cookies(ahead)
    assert {
        ClickClass.HEAD: 3,
        ClickClass.PREFETCH: 1,
        ClickClass.BOT_UA: 1,
        ClickClass.HUMAN: 1,
    } == clicks.counts(site.store)["spring"]


@pytest.mark.parametrize("header", ["Sec_GPC", "DNT"])
def test_an_objection_means_no_cookie_and_no_token(site: Site, header: str) -> None:
    answer = site.ask("/go/spring?a=1", **{header: "1"})

    assert (302, f"{TO}?a=1", {}) == (
        answer.status_code,
        answer.headers["Location"],
        cookies(answer),
    )


def test_the_cookie_brings_the_visitor_back_to_the_same_page(site: Site) -> None:
    arms = (Arm(f"{TO}/a", 1), Arm(f"{TO}/b", 1))
    links.add(site.store, a_link("ab", arms=arms), NOW)
    pages = set()
    for number in range(12):
        first = site.ask(f"/go/ab?{QUERY}", User_Agent=f"Mozilla/5.0 Safari/{number}")
        kept = "; ".join(parts[0] for parts in cookies(first).values())
        second = site.ask("/go/ab", Cookie=f"{kept}; other=1", User_Agent="Mozilla/5.0")
        page, again = (
            one.headers["Location"].partition("?")[0] for one in (first, second)
        )
        pages.add(page)

        assert page == again  # from elsewhere, and without the query
    assert 2 == len(pages)


def test_no_parameter_chooses_where_to_go(site: Site) -> None:
    answer = site.ask("/go/spring?redir_url=https://evil.example/&to=//evil.example")

    assert answer.headers["Location"].startswith(f"{TO}?redir_url=https://evil")
    assert 404 == site.ask("/go/https://evil.example").status_code
    assert 404 == site.ask("/go/").status_code
    assert 405 == site.ask("/go/spring", "POST").status_code


def test_the_page_with_a_plus_tells_where_a_link_leads(site: Site) -> None:
    answer = site.ask("/go/spring+")

    assert 200 == answer.status_code
    assert TO in answer.text
    assert "noindex" == answer.headers["X-Robots-Tag"]
    assert 404 == site.ask("/go/none+").status_code


def test_cookies_that_nobody_can_read_do_no_harm(site: Site) -> None:
    for odd in ("_pcid=x; \x01=;;;=", "_pcid_arm=zz\x7f", "a" * 5000):
        assert 302 == site.ask("/go/spring", Cookie=odd).status_code


def test_no_address_no_agent_and_no_token_rests_anywhere(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    marks = [ADDRESS.encode(), b"iPhone OS 18", b"dj0y-_", b"zilpzalp%40example"]
    answer = site.ask(f"/go/spring?{QUERY}&email=zilpzalp%40example.com")
    token = cookies(answer)["_pcid"][0].partition("=")[2]
    spool_folder = site.folder / "var" / "clicks"
    time.sleep(0.3)
    kept = [one.read_bytes() for one in spool_folder.iterdir()]
    site.import_all(1)
    site.store.close()
    kept += [one.read_bytes() for one in site.folder.glob("**/*.db*")]
    told = capfd.readouterr()
    kept += [told.out.encode(), told.err.encode()]

    assert any(b"spring" in one for one in kept)
    found = Counter(
        mark for mark in (*marks, token.encode()) for one in kept if mark in one
    )
    assert {} == found


def landed(site: Site, body: bytes, origin: str = "https://shop.example.com") -> Any:  # noqa: ANN401
    return site.client.post(
        "/c",
        data=body,
        headers={"Origin": origin, "User-Agent": PHONE, "Content-Type": "text/plain"},
        environ_base={"REMOTE_ADDR": ADDRESS},
    )


def test_a_page_of_the_shop_gets_the_token_without_a_hop(site: Site) -> None:
    answer = landed(site, b'{"slug": "spring", "query": "?epik=dj0x"}')
    site.import_all(1)

    assert 200 == answer.status_code
    assert f"_pcid={answer.json['token']}" == cookies(answer)["_pcid"][0]
    assert "https://shop.example.com" == answer.headers["Access-Control-Allow-Origin"]
    assert "true" == answer.headers["Access-Control-Allow-Credentials"]
    day = NOW.replace(year=2020), NOW.replace(year=2099)
    assert {"spring": 1} == funnel.landings(site.store, *day)


@pytest.mark.parametrize(
    ("body", "origin", "status"),
    [
        (b'{"slug": "spring"}', "https://evil.example", 403),
        (b'{"slug": "spring"}', "", 403),
        (b'{"slug": "none"}', "https://shop.example.com", 404),
        (b"{", "https://shop.example.com", 400),
        (b"[]", "https://shop.example.com", 400),
        (b'{"slug": 1}', "https://shop.example.com", 400),
        (b" " * 9000, "https://shop.example.com", 400),
    ],
)
def test_a_page_that_tells_something_else_is_refused(
    site: Site, body: bytes, origin: str, status: int
) -> None:
    answer = landed(site, body, origin)

    assert (status, {}) == (answer.status_code, cookies(answer))


def test_a_page_that_tells_too_often_is_refused(site: Site) -> None:
    statuses = [landed(site, b'{"slug": "spring"}').status_code for _ in range(32)]

    assert [429, 429] == statuses[30:]
    assert {200} == set(statuses[:30])


def test_a_page_of_links_leads_through_their_own_hops(site: Site) -> None:
    entries = (("spring", "Spring <dresses>"),)
    links.keep_bio(site.store, Bio(name="me", title="Ada's", entries=entries), NOW)
    page = site.ask("/b/me")

    assert 200 == page.status_code
    assert '<a href="/go/spring?src=bio" rel="nofollow">Spring &lt;dresses&gt;' in (
        page.text
    )
    assert (
        "default-src 'none'; style-src 'sha256-"
        in (page.headers["Content-Security-Policy"])
    )
    assert "Set-Cookie" not in page.headers
    assert 404 == site.ask("/b/none").status_code
