from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from forwarder.clicks.join import join
from forwarder.core.kpi import Counts, KpiDay
from forwarder.core.links import ClickClass
from forwarder.insights.gather import _arrived
from forwarder.store import Store, audit, clicks, kpi, links
from tests.cli.conftest import Shell
from tests.clicks.following import NOW
from tests.clicks.test_spool import a_click
from tests.store.shop import an_event, take

TO = "https://shop.example.com/spring"


@pytest.fixture
def shop(shell: Shell) -> Shell:
    file = shell.folder / "forwarder.toml"
    told = f'{file.read_text()}\n[clicks]\nallowed_hosts = ["shop.example.com"]\n'
    file.write_text(told)
    return shell


def test_a_link_is_made_changed_paused_and_listed(shop: Shell, store: Store) -> None:
    made = shop.json(
        "links", "add", "spring", "--to", TO, "--campaign", "c1", "--pin", "12",
        "--utm-policy", "link_wins",
    )  # fmt: skip
    twice = shop.run("links", "add", "spring", "--to", TO)
    edited = shop.json(
        "links", "edit", "spring", "--campaign", "c2", "--expires", "2027-01-31",
        "--arm", f"1={TO}/a", "--arm", f"2={TO}/b",
    )  # fmt: skip
    paused = shop.run("links", "pause", "spring")
    clicks.keep(store, [a_click(1), a_click(2, kind=ClickClass.EMPTY_UA)])
    (listed,) = shop.json("links", "list")["items"]

    assert "https://events.example.com/go/spring" == made["url"]
    assert ("spring", TO, "c1", "12", "link_wins") == tuple(
        made[name] for name in ("slug", "to", "campaign", "pin_id", "utm_policy")
    )
    assert (2, 0) == (twice.exit_code, paused.exit_code)
    assert ("c2", "12", 2) == (
        edited["campaign"],
        edited["pin_id"],
        len(edited["arms"]),
    )
    assert listed["paused"]
    assert {
        "human": 1, "bot": 1, "preview": 0, "prefetch": 0, "head": 0, "internal": 0,
    } == listed["clicks"]  # fmt: skip
    assert "spring: 1 click, 1 by machines, paused" in shop.run("links", "list").stdout
    assert 0 == shop.run("links", "resume", "spring").exit_code
    assert not shop.json("links", "list")["items"][0]["paused"]
    told = [one.action for one in audit.entries(store, audit.Wanted()).entries]
    assert ["link resumed", "link paused", "link changed", "link added"] == told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("bad slug", "--to", TO), "slug: 1 to 64"),
        (("x", "--to", "javascript:alert(1)"), "to: it must begin"),
        (("x", "--to", "https://evil.example/"), "to: its host evil.example"),
        (("x", "--to", TO, "--fallback", "//e"), "fallback: it must begin"),
        (("x", "--to", TO, "--expires", "soon"), "expires: a time such as"),
        (("x", "--to", TO, "--arm", f"1={TO}"), "arm: 2 to 10"),
        (("x", "--to", TO, "--arm", f"0={TO}", "--arm", f"1={TO}"), "arm: a weight"),
        (("x", "--to", TO, "--campaign", "c" * 201), "campaign: at most"),
    ],
)
def test_what_is_wrong_with_a_link_is_told(
    shop: Shell, words: tuple[str, ...], told: str
) -> None:
    result = shop.run("links", "add", *words)

    assert 2 == result.exit_code
    assert told in result.stderr


def test_without_allowed_hosts_no_link_is_made(shell: Shell) -> None:
    result = shell.run("links", "add", "x", "--to", TO)

    assert 2 == result.exit_code
    assert "allowed_hosts is empty" in result.stderr
    assert "no link yet" in shell.run("links", "list").stdout
    assert 2 == shell.run("links", "pause", "x").exit_code


def test_links_go_out_as_csv_and_come_back(shop: Shell) -> None:
    shop.run(
        "links", "add", "a", "--to", TO, "--campaign", "c", "--expires", "2027-01-31"
    )
    shop.run("links", "add", "b", "--to", f"{TO}?x=1,2")
    before = shop.json("links", "list")
    file = shop.folder / "links.csv"
    file.write_text(shop.run("links", "export").stdout)
    again = shop.run("links", "import", str(file))

    assert "2 links are kept" in again.stdout
    assert before == shop.json("links", "list")
    assert "2 links would be kept" in shop.run(
        "links", "import", str(file), "--dry-run"
    ).stdout  # fmt: skip


def test_one_wrong_row_keeps_the_whole_file_out(shop: Shell, tmp_path: Path) -> None:
    file = tmp_path / "links.csv"
    file.write_text(f"slug,to\nok,{TO}\nbad,https://evil.example/\n")
    result = shop.run("links", "import", str(file))

    assert 1 == result.exit_code
    assert "row 2: to: its host" in result.stderr
    assert [] == shop.json("links", "list")["items"]


def test_what_is_wrong_with_links_is_told_with_the_way_out(
    shop: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "links.csv"
    file.write_text(f"name,target\nok,{TO}\n")
    headings = shop.run("links", "import", str(file)).stderr
    none = shop.run("links", "funnel").stdout
    shop.run("links", "add", "spring", "--to", TO)

    assert "the first line names no slug and to: it takes the headings" in headings
    assert "row 1" not in headings
    assert "no link yet: make one with `forwarder links add`\n" == none
    again = shop.run("links", "add", "spring", "--to", TO).stderr
    assert "`forwarder links edit spring`" in again
    page = shop.run("links", "page", "me", "--link", "nope").stderr
    assert "there is no link nope: make it first" in page


def test_a_qr_code_is_drawn_as_svg(shop: Shell) -> None:
    shop.run("links", "add", "spring", "--to", TO)
    file = shop.folder / "spring.svg"
    told = shop.run("links", "qr", "spring", "--out", str(file))

    assert "https://events.example.com/go/spring?qr=1" in told.stdout
    assert "<svg" in file.read_text()
    assert "<svg" in shop.run("links", "qr", "spring").stdout
    assert 2 == shop.run("links", "qr", "none").exit_code


def test_the_funnel_keeps_its_two_halves_apart(shop: Shell, store: Store) -> None:
    shop.run("links", "add", "spring", "--to", TO, "--pin", "12", "--campaign", "c")
    clicks.keep(store, [a_click(1), a_click(2)])
    counts = Counts(1000, 50, 2, 8)
    kpi.keep(store, [KpiDay(on=NOW.date(), counts=counts, pin_id="12")], NOW)
    named = replace(an_event(1, at=NOW), page_url=f"{TO}?utm_campaign=c")
    take(store, named)
    join(store, timedelta(days=30), store.now() + timedelta(minutes=1))
    days = ("--since", "2026-11-01", "--until", "2026-11-30")
    told = shop.json("links", "funnel", *days)
    (link,), (campaign,) = told["links"], told["campaigns"]

    assert (2, 2, 1.0) == (
        link["platform"]["outbound_clicks"],
        link["first_party"]["clicks"],
        link["capture_ratio"],
    )
    assert ("c", 2) == (campaign["name"], campaign["first_party"]["clicks"])
    text = shop.run("links", "funnel", *days).stdout
    assert "spring: Pinterest 2 clicks | here 2 clicks" in text
    assert "tied to no click and in no number above: 1" in text
    assert (0, 1) == (
        campaign["first_party"]["orders"], campaign["campaign_and_day"]["orders"],
    )  # fmt: skip
    assert link["campaign_and_day"] is None
    assert 2 == shop.run("links", "funnel", "--since", "soon").exit_code
    assert (2, 2) == _arrived(store, NOW.date(), links.every(store))


def test_a_page_of_links_is_made_and_taken_away(shop: Shell, store: Store) -> None:
    shop.run("links", "add", "spring", "--to", TO)
    made = shop.run(
        "links", "page", "me", "--title", "Ada's", "--link", "spring=Dresses"
    )
    (kept,) = links.bios(store)
    dropped = shop.run("links", "page", "me", "--drop")
    none = shop.run("links", "page", "me", "--drop")

    assert "https://events.example.com/b/me\n" == made.stdout
    assert ("Ada's", (("spring", "Dresses"),)) == (kept.title, kept.entries)
    assert (0, 2) == (dropped.exit_code, none.exit_code)
    assert [] == links.bios(store)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("a b", "--link", "spring"), "name: 1 to 64"),
        (("me",), "link: 1 to 50"),
        (("me", "--link", "none"), "link: there is no link none: make it"),
        (("me", "--link", f"spring={'x' * 201}"), "link: 1 to 200"),
        (("me", "--title", "a\x07", "--link", "spring"), "title: 1 to 200"),
    ],
)
def test_what_is_wrong_with_a_page_is_told(
    shop: Shell, words: tuple[str, ...], told: str
) -> None:
    shop.run("links", "add", "spring", "--to", TO)
    result = shop.run("links", "page", *words)

    assert 2 == result.exit_code
    assert told in result.stderr
