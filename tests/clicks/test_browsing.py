"""The audit in a real Chromium, behind a proxy that calls the public web alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from forwarder.clicks import chromium
from forwarder.clicks.audit import Verdict
from forwarder.clicks.browsing import browse
from forwarder.clicks.chromium import NoBrowser
from forwarder.clicks.guard_proxy import guarded_proxy
from tests.clicks.chain import running
from tests.servers import chromium as program

pytestmark = pytest.mark.slow
NONCE = "a1b2c3d4e5"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    program()
    with running() as address:
        yield address


def test_a_script_that_leads_on_is_a_hop_and_may_lose_everything(server: str) -> None:
    found = browse(f"{server}/script", NONCE, "mark", allow_private=True).worst
    fates = {one.name: (one.fate.value, one.hop) for one in found.parameters}

    assert (Verdict.RED, 1) == (found.verdict, found.first_bad_hop)
    assert [(200, f"{server}/page"), (200, None)] == [
        (hop.status, hop.location) for hop in found.way.hops
    ]
    assert ("dropped", 1) == fates["epik"]
    assert any("leads on by itself" in one.advice for one in found.findings)


def test_a_redirect_that_keeps_all_is_green_in_a_browser_too(server: str) -> None:
    found = browse(f"{server}/keep", NONCE, "mark", allow_private=True).worst

    assert (Verdict.GREEN, [302, 200]) == (
        found.verdict,
        [hop.status for hop in found.way.hops],
    )
    assert found.way.page is not None
    assert "epik=dj0ya1b2c3d4e5-_~" in found.way.hops[1].url


def test_the_browser_reaches_no_inner_address(server: str) -> None:
    found = browse(f"{server}/keep", NONCE, "mark").worst

    assert Verdict.RED is found.verdict
    assert [403] == [hop.status for hop in found.way.hops]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://169.254.169.254/", "http://localhost:81/"]
)
def test_the_proxy_refuses_what_is_not_public(url: str) -> None:
    with guarded_proxy(allow_private=False) as proxy:
        answer = requests.get(url, proxies={"http": proxy}, timeout=5)

    assert 403 == answer.status_code


def test_without_a_chromium_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NoBrowser, match="no Chromium is installed"):
        chromium._program()  # noqa: SLF001
