from collections.abc import Iterator

import pytest
import requests

from forwarder import outside
from forwarder.clicks import audit as module
from forwarder.clicks import walk as walking
from forwarder.clicks.audit import PROFILES, Audit, Verdict, audit
from forwarder.clicks.page import look_at
from forwarder.clicks.probe import Fate, fates, marked, sentinels
from tests.clicks.chain import running

MARKS = sentinels("a1b2c3d4e5")
NAMES = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "epik")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running() as address:
        yield address


def audited(url: str, *hosts: str) -> Audit:
    session = outside.session(allow_private=True, any_port=True)
    return audit(session, url, "a1b2c3d4e5", "mark", hosts)


def test_a_way_that_keeps_all_is_green(server: str) -> None:
    found = audited(f"{server}/keep?colour=red%20wine")

    worst = found.worst
    assert (Verdict.GREEN, None) == (worst.verdict, worst.first_bad_hop)
    assert {Fate.PRESERVED} == {one.fate for one in worst.parameters}
    assert NAMES == tuple(one.name for one in worst.parameters)
    assert list(PROFILES) == [one.profile for one in found.walks]
    assert [302, 200] == [hop.status for hop in worst.way.hops]
    assert "colour=red%20wine&utm_source=pinterest" in worst.way.hops[1].url
    assert worst.way.page is not None
    assert worst.way.page.has_tag


@pytest.mark.parametrize(
    ("path", "verdict", "hop", "fate"),
    [
        ("drop", Verdict.RED, 1, Fate.DROPPED),
        ("later", Verdict.RED, 2, Fate.DROPPED),
        ("twice", Verdict.AMBER, 1, Fate.DUPLICATED),
        ("lower", Verdict.AMBER, 1, Fate.CHANGED),
        ("recode", Verdict.AMBER, 1, Fate.RE_ENCODED),
        ("fragment", Verdict.RED, 1, Fate.FRAGMENT),
        ("refresh", Verdict.RED, 1, Fate.DROPPED),
        ("chain/1", Verdict.GREEN, None, Fate.PRESERVED),
        ("chain/2", Verdict.AMBER, 2, Fate.PRESERVED),
        ("chain/3", Verdict.RED, 3, Fate.PRESERVED),
        ("chain/5", Verdict.RED, 3, Fate.PRESERVED),
        ("endless/", Verdict.RED, 3, Fate.PRESERVED),
        ("loop", Verdict.RED, 2, Fate.PRESERVED),
        ("forever", Verdict.GREEN, None, Fate.PRESERVED),
        ("missing", Verdict.RED, 1, Fate.PRESERVED),
        ("nowhere", Verdict.RED, 1, Fate.PRESERVED),
        ("inside", Verdict.RED, 2, Fate.PRESERVED),
        ("dead", Verdict.RED, 2, Fate.PRESERVED),
        ("accent", Verdict.GREEN, None, Fate.PRESERVED),
        ("large", Verdict.GREEN, None, Fate.PRESERVED),
        ("bomb", Verdict.GREEN, None, Fate.PRESERVED),
        ("script", Verdict.GREEN, None, Fate.PRESERVED),
    ],
)
def test_each_sin_has_its_verdict_and_its_hop(
    server: str, path: str, verdict: Verdict, hop: int | None, fate: Fate
) -> None:
    worst = audited(f"{server}/{path}").worst

    told = {one.name: one.fate for one in worst.parameters}
    assert (verdict, hop) == (worst.verdict, worst.first_bad_hop)
    assert fate is told["utm_campaign"]


def test_the_value_of_another_is_no_value_of_ours(server: str) -> None:
    worst = audited(f"{server}/replace").worst
    told = {one.name: (one.fate, one.hop) for one in worst.parameters}

    assert (Fate.OVERWRITTEN, 1) == told["utm_source"]
    assert (Fate.PRESERVED, None) == told["epik"]
    assert Verdict.RED is worst.verdict


def test_who_is_led_elsewhere_is_named(server: str) -> None:
    found = audited(f"{server}/foreign")

    assert "Pinterest's own robot" == found.worst.profile
    assert [Verdict.GREEN] * 3 == [one.verdict for one in found.walks[:3]]


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("forever", "a 301 that browsers keep"),
        ("keep", "Pinterest may block it"),
        ("bare", "loads no Pinterest tag"),
        ("canonical", "another canonical address"),
        ("script", "needs a check in a browser"),
        ("refresh", "answer with one 302 instead"),
        ("inside", "none is called"),
        ("dead", "no answer came"),
        ("missing", "answers 404"),
        ("nowhere", "give it a Location"),
        ("loop", "end the circle"),
        ("endless/", "more than 10 hops"),
    ],
)
def test_each_finding_says_what_to_do(server: str, path: str, advice: str) -> None:
    told = [one.advice for one in audited(f"{server}/{path}").worst.findings]

    assert any(advice in one for one in told), told


def test_what_browsers_may_not_keep_is_no_finding(server: str) -> None:
    told = [one.advice for one in audited(f"{server}/fresh").worst.findings]

    assert not any("browsers keep" in one for one in told)


def test_the_way_may_end_on_allowed_hosts_only(server: str) -> None:
    good = audited(f"{server}/keep", "127.0.0.1")
    bad = audited(f"{server}/keep", "shop.example")

    assert (Verdict.GREEN, Verdict.RED) == (good.worst.verdict, bad.worst.verdict)
    assert 2 == bad.worst.first_bad_hop


def test_a_server_that_drips_does_not_hold_the_audit(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "HOP_S", 0.4)

    with pytest.raises(requests.Timeout):
        audited(f"{server}/drip")


def test_a_slow_way_is_gone_once_and_told(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HOP_S", 0.0)
    found = audited(f"{server}/keep")

    assert 1 == len(found.walks)
    assert any("within 5 s" in one.advice for one in found.worst.findings)


def test_an_audit_has_an_end_however_slow_the_way(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AUDIT_S", 0.0)

    with pytest.raises(requests.Timeout):
        audited(f"{server}/keep")


def test_a_step_down_from_https_is_red() -> None:
    hop = walking.Hop(
        n=1, url="https://a.example/", status=302, location="http://a.example/", ms=1
    )
    found = module._downgraded(hop)  # noqa: SLF001

    assert module._is_downgrade(hop)  # noqa: SLF001
    assert (Verdict.RED, 1) == (found.verdict, found.hop)


def test_own_values_of_the_marks_are_left_out() -> None:
    url = marked("https://a.example/p?utm_source=x&b=%20c&epik=old#top", MARKS, "n")

    assert url.startswith("https://a.example/p?b=%20c&utm_source=pinterest&")
    assert url.endswith("&pf_audit=n#top")
    assert "old" not in url


def test_a_mark_that_comes_back_counts_as_it_ends() -> None:
    sent = marked("https://a.example/", MARKS, "n")
    found = fates(MARKS, [sent, "https://a.example/", sent])

    assert {(Fate.PRESERVED, None)} == {(one.fate, one.hop) for one in found}


@pytest.mark.parametrize(
    ("content", "refresh"),
    [
        ("0;url=/b", "https://a.example/b"),
        ("5", None),
        ("0; URL='https://c.example/d'", "https://c.example/d"),
        ("0;url=javascript:alert(1)", None),
        ("0;url=http://[", None),
    ],
)
def test_a_meta_refresh_leads_to_web_pages_only(
    content: str, refresh: str | None
) -> None:
    text = f'<meta http-equiv=refresh content="{content}">'

    assert refresh == look_at("https://a.example/", text).refresh
