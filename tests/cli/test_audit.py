from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from forwarder.clicks import own_mark
from forwarder.core.links import AUDITS
from forwarder.store.seal import Sealer
from tests.cli.conftest import DATA_KEY, Shell
from tests.clicks.chain import running


@pytest.fixture
def server() -> Iterator[str]:
    with running() as address:
        yield address


def test_an_audit_has_the_promised_shape(server: str, shell: Shell) -> None:
    (shell.folder / "forwarder.toml").unlink()  # it needs none
    found = shell.json("audit", f"{server}/keep", "--allow-private")

    assert {"verdict", "first_bad_hop", "hops", "parameters", "advice"} <= set(found)
    assert ("green", None) == (found["verdict"], found["first_bad_hop"])
    assert {"n", "url", "status", "location", "ms"} <= set(found["hops"][0])
    assert {"name": "epik", "fate": "preserved", "hop": None} in found["parameters"]
    assert found["has_pinterest_tag"] is True


def test_a_lost_parameter_is_bad_news_in_every_form(server: str, shell: Shell) -> None:
    text = shell.run("audit", f"{server}/later", "--allow-private")
    markdown = shell.run("audit", f"{server}/later", "--allow-private", "--markdown")

    assert (1, 1) == (text.exit_code, markdown.exit_code)
    assert "red, seen by: Pinterest on iPhone; first bad hop: 2" in text.stdout
    assert "epik dropped at hop 2" in text.stdout
    assert "others: Pinterest on Android red" in text.stdout
    assert "| epik | dropped | 2 |" in markdown.stdout


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1/", "an inner network"),
        ("http://localhost/", "an inner network"),
        ("http://[::ffff:10.0.0.1]/", "an inner network"),
        ("http://0x7f000001/", "an inner network"),
        ("ftp://example.com/", "none of the web"),
        ("javascript:alert(1)", "none of the web"),
        ("https://me:secret@example.com/", "user name"),
        ("https://example.com:8443/", "a port other than"),
        ("http://[/", "none of the web"),
        ("example.com/spring", "none of the web"),
        ("", "none of the web"),
    ],
)
def test_what_we_do_not_call_is_wrong_use(shell: Shell, url: str, told: str) -> None:
    result = shell.run("audit", url)

    assert (2, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith("audit: ")
    assert told in result.stderr
    is_ours = "inner network" in told or "port" in told
    assert not is_ours or "--allow-private" in result.stderr


def test_an_address_that_does_not_answer_cannot_be_audited(shell: Shell) -> None:
    result = shell.run("audit", f"http://127.0.0.1:{shell.port}/", "--allow-private")

    assert (2, True) == (result.exit_code, "does not answer" in result.stderr)


def test_a_browser_that_is_not_there_is_wrong_use(
    server: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    result = shell.run("audit", f"{server}/keep", "--allow-private", "--browser")

    assert (2, "") == (result.exit_code, result.stdout)
    assert "no Chromium is installed" in result.stderr


def test_our_own_redirector_knows_the_audit(server: str, shell: Shell) -> None:
    found = shell.json("audit", f"{server}/keep", "--allow-private")
    mark = found["hops"][0]["url"].partition("pf_audit=")[2]
    key = Sealer([DATA_KEY]).secrets(AUDITS)[0][1]

    assert own_mark.is_ours([key], mark, datetime.now(UTC))  # noqa: TID251
