"""`forwarder alerts`."""

from dataclasses import replace
from datetime import timedelta

import pytest

from forwarder.alerts.conditions import PAGE, WARN, Condition
from forwarder.alerts.states import Telling, update
from forwarder.store import Store, alerts
from tests.alerts.test_channels import SECRET, PostOffice, Taker, office, taker
from tests.cli.conftest import Shell

__all__ = ["office", "taker"]  # fixtures

TELLING = Telling(channels=["email"], public_url="https://events.example.com")
WRONG = Condition(subject="box", severity=WARN, summary="5% free.", mend="Make room.")


@pytest.fixture
def wrong(store: Store) -> Store:
    """A store with one open alert."""
    update(store, "disk", [WRONG], TELLING, store.now())
    return store


def test_nothing_wrong_is_said_and_0(shell: Shell, store: Store) -> None:
    del store
    result = shell.run("alerts", "list")

    assert (0, "No alert: nothing is known to be wrong.\n") == (
        result.exit_code,
        result.stdout,
    )


def test_an_open_alert_is_bad_news_with_its_mend(shell: Shell, wrong: Store) -> None:
    result = shell.run("alerts", "list")

    assert 1 == result.exit_code
    assert "1  open         disk box, since 20" in result.stdout
    assert "5% free.\n       -> Make room.\n" in result.stdout
    worse = replace(WRONG, severity=PAGE)
    update(wrong, "disk", [worse], TELLING, wrong.now())
    assert "open         urgent  disk" in shell.run("alerts", "list").stdout


def test_who_knows_of_it_has_no_bad_news(shell: Shell, wrong: Store) -> None:
    acked = shell.json("alerts", "ack", "1")

    assert "acknowledged" == acked["state"]
    assert acked["who"].startswith("shell")
    assert ["acknowledged"] == [
        one["state"] for one in shell.json("alerts", "list")["items"]
    ]
    found = alerts.find_alert(wrong, 1)
    assert found is not None


def test_what_is_ignored_says_until_when(shell: Shell, wrong: Store) -> None:
    result = shell.run("alerts", "ignore", "1", "--hours", "48")
    found = alerts.find_alert(wrong, 1)

    assert 0 == result.exit_code
    assert found is not None
    assert found.ignored_until is not None
    assert timedelta(hours=48) == found.ignored_until - found.changed_at
    assert f"until {found.ignored_until:%Y-%m-%d %H:%M}Z" in result.stdout


def test_the_story_of_an_alert_is_shown(shell: Shell, wrong: Store) -> None:
    [message] = alerts.claim_messages(wrong, wrong.now())
    alerts.settle_message(wrong, message, wrong.now(), "the mail server: gone")
    shell.run("alerts", "resolve", "1")
    told = shell.run("alerts", "show", "1").stdout
    data = shell.json("alerts", "show", "1")

    assert "opened by email: next attempt" in told
    assert "(the mail server: gone)" in told
    assert "resolved by shell" in told
    assert ["open", "resolved"] == [one["state"] for one in data["history"]]
    assert shell.run("alerts", "list").exit_code == 0
    assert "disk box" in shell.run("alerts", "list", "--all").stdout


def test_what_is_over_or_not_there_is_told(shell: Shell, wrong: Store) -> None:
    update(wrong, "disk", [], TELLING, wrong.now())
    over, nowhere = (shell.run("alerts", "ack", number) for number in ("1", "2"))

    assert (1, 2) == (over.exit_code, nowhere.exit_code)
    assert "forwarder alerts list --all" in over.stderr
    assert "there is no alert 2" in nowhere.stderr


def settings(shell: Shell, smtp_port: int, webhook_port: int) -> None:
    file = shell.folder / "forwarder.toml"
    file.write_text(
        f"""{file.read_text()}
[alerts]
email_to = ["ops@example.com"]
smtp_host = "127.0.0.1"
smtp_port = {smtp_port}
smtp_security = "none"
webhook_url = "http://127.0.0.1:{webhook_port}/alerts"
webhook_secret = "{SECRET}"
webhook_inside = true
"""
    )


def test_the_telling_can_be_tried(
    shell: Shell, store: Store, office: PostOffice, taker: Taker
) -> None:
    del store
    settings(shell, office.server_address[1], taker.server_address[1])
    well = shell.run("alerts", "test")
    taker.status = 500
    half = shell.run("alerts", "test")

    assert (0, "email: taken\nwebhook: taken\n") == (well.exit_code, well.stdout)
    assert (1, "email: taken\n") == (half.exit_code, half.stdout)
    assert "webhook: not sent. the address answered 500" in half.stderr
    assert (2, 2) == (len(office.letters), len(taker.notices))


def test_without_a_channel_there_is_nothing_to_try(shell: Shell, store: Store) -> None:
    del store
    result = shell.run("alerts", "test")

    assert 2 == result.exit_code
    assert "no channel is set" in result.stderr


def test_webhooks_of_alerts_need_a_secret(shell: Shell) -> None:
    file = shell.folder / "forwarder.toml"
    file.write_text(
        f'{file.read_text()}\n[alerts]\nwebhook_url = "https://x.example"\n'
    )
    result = shell.run("alerts", "list")

    assert 2 == result.exit_code
    assert "alerts.webhook_secret is missing" in result.stderr
