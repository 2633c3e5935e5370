"""What the console's desk pages do, from the command line: users, settings, quality."""

import os
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forwarder.core.delivery import Delivered, Encoded, Refused, Skipped
from forwarder.core.event import Event
from forwarder.destinations import PLAIN, build_destination
from forwarder.pipeline.drain import Desk, drain
from forwarder.samples import TEST_SECRETS
from forwarder.store import Store, access, audit, health, open_store, tallies
from forwarder.store.audit import Wanted
from forwarder.store.inbox import accept
from forwarder.store.migrate import upgrade
from tests.cli.conftest import DATA_KEY, Shell
from tests.pipeline.stand_in import StandIn, each
from tests.store.shop import an_arrival, an_event, take

PASSWORD = "correct horse battery"
TWICE = f"{PASSWORD}\n{PASSWORD}\n"
NOW = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251  the commands' clock


class AsPinterest(StandIn):
    """Writes events as they leave for Pinterest, and sends them nowhere."""

    def encode(self, event: Event) -> Encoded | Refused | Skipped:
        real = build_destination("main", PLAIN, drop_reserved_domains=False)
        return real.encode(event)


def said(store: Store) -> list[tuple[str, str, str]]:
    trail = audit.entries(store, Wanted())
    return [(one.action, one.subject, one.detail) for one in trail.entries]


def test_a_user_gets_another_role_and_is_shut_out_for_now(
    shell: Shell, store: Store
) -> None:
    shell.run("user", "add", "ada", "--role", "viewer", text=TWICE)
    assert "ada is admin now" in shell.run("user", "role", "ada", "admin").stdout
    out = shell.run("user", "disable", "ada")
    assert "forwarder user enable ada" in out.stdout
    assert access.log_in(store, "ada", PASSWORD, NOW) is None
    assert "shut out since" in shell.run("user", "list").stdout
    again = shell.run("user", "disable", "ada")
    assert (1, "there is no user ada who may log in\n") == (
        again.exit_code,
        again.stderr,
    )
    assert 0 == shell.run("user", "enable", "ada").exit_code
    user = access.log_in(store, "ada", PASSWORD, NOW)

    assert user is not None
    assert "admin" == user.role
    assert [
        ("user enabled", "ada", ""),
        ("user disabled", "ada", ""),
        ("role changed", "ada", "role admin"),
    ] == said(store)[:3]


def test_who_is_not_there_is_bad_news_for_each_command(shell: Shell) -> None:
    for words in (("role", "eve", "admin"), ("disable", "eve"), ("enable", "eve")):
        result = shell.run("user", *words)
        assert (1, True) == (result.exit_code, "there is no user eve" in result.stderr)
    assert 2 == shell.run("user", "role", "eve", "king").exit_code


def test_settings_are_shown_with_their_origin_and_without_secrets(
    shell: Shell,
) -> None:
    short = shell.run("settings")
    whole = shell.run("settings", "--all")
    told = shell.json("settings")
    values = {(one["table"], one["key"]): one for one in told["items"]}

    assert 0 == short.exit_code
    assert '  source = "shopify"  (settings file)' in short.stdout
    assert "web_threads" not in short.stdout
    assert "  web_threads = 8 threads  (default)" in whole.stdout
    assert "stands in the settings file in clear" in short.stderr
    assert "set" == values["endpoints.my-shop", "secrets"]["value"]
    assert "forwarder.toml" in told["file"]
    for secret in (DATA_KEY, TEST_SECRETS["shopify"], "no-real-token"):
        assert secret not in whole.output + str(told)


def test_settings_that_can_not_be_read_are_wrong_use(shell: Shell) -> None:
    (shell.folder / "forwarder.toml").write_text("[nothing]\n")

    assert 2 == shell.run("settings").exit_code


def test_match_quality_is_told_with_its_advice(shell: Shell, store: Store) -> None:
    assert "nothing was sent in 7 days" in shell.run("quality").stdout
    for number in (1, 2):
        take(store, an_event(number, at=NOW), at=NOW)
    desk = Desk(store=store, worker="w", clock=lambda: NOW, jitter=lambda: 0.5)
    drain(AsPinterest(script=[each(Delivered(), Refused("invalid", "currency"))]), desk)
    text = shell.run("quality", "--endpoint", "my-shop").stdout
    (found,) = shell.json("quality")["matches"]

    assert "my-shop: checkout, the newest 2" in text
    assert "E-mail address" in text
    assert "E-mail address               100 %" in text
    assert "Within the hour              100 %" in text
    identifiers = found["identifiers"]
    assert (1.0, 0.0) == (identifiers["email"], identifiers["click_id"])
    assert (2, 2, 1) == (found["events"], found["written"], found["delivered"])
    assert 2 == shell.run("quality", "--endpoint", "nobody").exit_code


def test_the_overview_answers_whether_it_works(shell: Shell, store: Store) -> None:
    assert "half within" not in shell.run("overview").stdout
    take(store, an_event(1, at=NOW), at=NOW)
    desk = Desk(store=store, worker="w", clock=lambda: NOW, jitter=lambda: 0.5)
    drain(StandIn(script=[each(Delivered())]), desk)
    health.note_worker(store, "w", store.now(), has_worked=True)
    tallies.flush(store)
    told, text = shell.json("overview"), shell.run("overview").stdout

    assert ("good", 1, 1) == (
        told["state"],
        told["events"],
        told["by_status"]["delivered"],
    )
    assert text.startswith("Yes. Webhooks are taken and deliveries are sent.\n")
    assert "Delivered                    1\n" in text
    assert "half within" in text
    health.note_worker(store, "w", store.now() - timedelta(hours=2), has_worked=True)
    take(store, an_event(2, at=NOW), at=NOW - timedelta(hours=1))
    stuck = shell.run("overview")
    assert (1, True) == (stuck.exit_code, stuck.stdout.startswith("No: "))


def test_the_overview_names_what_holds_a_destination_and_the_sandbox(
    shell: Shell, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    health.note_worker(store, "w", store.now(), has_worked=True)
    assert "main" not in shell.run("overview").stdout
    shell.run("destinations", "pause", "main", "--because", "a sale")
    paused = shell.run("overview")

    assert 0 == paused.exit_code
    assert paused.stdout.startswith("It works, and something wants a look.\n")
    assert "  main is paused since 20" in paused.stdout
    assert ": a sale. A person paused it." in paused.stdout
    assert "`forwarder destinations resume main` lets it go on.\n" in paused.stdout
    monkeypatch.setenv("FORWARDER_SANDBOX_URL", "http://127.0.0.1:9/v5")
    assert shell.run("overview").stdout.startswith(
        "The sandbox runs: nothing reaches Pinterest.\n"
    )


def test_who_only_reads_makes_no_database(shell: Shell) -> None:
    result = shell.run("overview")

    assert (1, "") == (result.exit_code, result.stdout)
    assert result.stderr.endswith("forwarder.db yet: `forwarder serve` makes it\n")
    assert not (shell.folder / "var" / "forwarder.db").exists()


def malformed(file: Path) -> None:
    """Pages of the file hold something else."""
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(4096)
        opened.write(b"\xa5" * (size - 4096))


def without_a_table(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE deliveries")
        connection.execute("DROP TABLE alerts")
    connection.close()


def of_version(file: Path, version: str) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [version])
    connection.close()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda file: file.write_bytes(b"noise" * 5_000), "put a copy of `forwarder"),
        (malformed, "put a copy of `forwarder db backup` in its place"),
        (lambda file: os.truncate(file, 9_000), "put a copy of `forwarder db backup`"),
        (without_a_table, "the database lacks tables: run `forwarder db"),
        (lambda file: of_version(file, "0001"), "are of two versions: put a"),
        (
            lambda file: of_version(file, "9999"),
            "the tables are of version 9999, newer",
        ),
    ],
    ids=["noise", "malformed", "truncated", "without a table", "half", "newer"],
)
def test_a_database_that_is_of_no_use_is_told_in_a_sentence(
    shell: Shell, harm: Callable[[Path], None], words: str
) -> None:
    file = shell.folder / "var" / "forwarder.db"
    made = open_store(f"sqlite:///{file}", [DATA_KEY])
    upgrade(made)
    made.close()
    harm(file)
    for command in ("overview", "events list", "alerts list"):
        result = shell.run(*command.split())

        assert (1, "") == (result.exit_code, result.stdout), command
        assert isinstance(result.exception, SystemExit)
        assert words in result.stderr
        assert 1 == result.stderr.count("\n")
    told = shell.run("doctor")
    assert isinstance(told.exception, SystemExit)
    assert "red  database" in told.stdout


def test_tests_and_what_was_fetched_are_no_webhooks(shell: Shell, store: Store) -> None:
    health.note_worker(store, "w", store.now(), has_worked=True)
    for number, key in enumerate(("import:1", "import:2", "test:1")):
        arrival = an_arrival(an_event(number, at=NOW), at=NOW)
        accept(store, replace(arrival, delivery_key=key))
    told, text = shell.json("overview"), shell.run("overview").stdout

    assert ("empty", 0, 2, 1, 3, None) == (
        told["state"],
        told["webhooks"],
        told["fetched"],
        told["tests"],
        told["events"],
        told["last_received_at"],
    )
    assert text.startswith("It is ready, and no shop has posted so far.\n")
    assert "Webhooks received            0\nFetched from shops           2\n" in text
    assert "Tests sent here              1\nEvents in them               3\n" in text
