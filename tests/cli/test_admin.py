import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from forwarder.cli import COMMANDS, main
from forwarder.store import Store, access, log, open_store
from forwarder.store.log import Filter
from forwarder.store.migrate import current_version
from forwarder.store.seal import BadKey
from tests.cli.conftest import DATA_KEY, Shell
from tests.store.shop import NOW, an_event, take

PASSWORD = "correct horse battery"
TWICE = f"{PASSWORD}\n{PASSWORD}\n"
NOWHERE = "postgresql://nobody@127.0.0.1:9/none"


def test_a_user_comes_in_and_goes(shell: Shell, store: Store) -> None:
    added = shell.run("user", "add", "ada", "--role", "admin", text=TWICE)
    assert (0, True) == (added.exit_code, "ada may log in as admin" in added.stdout)
    assert PASSWORD not in added.output
    now = datetime.now(UTC)  # noqa: TID251
    assert access.log_in(store, "ada", PASSWORD, now) is not None
    assert [("ada", "admin")] == [
        (one["name"], one["role"]) for one in shell.json("user", "list")["items"]
    ]
    assert "admin" in shell.run("user", "list").stdout
    assert 0 == shell.run("user", "remove", "ada").exit_code
    gone = shell.run("user", "remove", "ada")
    assert (1, "there is no user ada\n") == (gone.exit_code, gone.stderr)
    assert {"items": []} == shell.json("user", "list")


def test_a_password_may_come_from_a_file(shell: Shell, store: Store) -> None:
    file = shell.folder / "password"
    file.write_text(PASSWORD + "\n")
    result = shell.run("user", "add", "ada", "--password-file", str(file))

    assert 0 == result.exit_code
    assert access.log_in(store, "ada", PASSWORD, NOW) is not None


def test_a_short_password_or_a_taken_name_is_wrong_use(shell: Shell) -> None:
    short = shell.run("user", "add", "ada", text="short\nshort\n")
    assert (2, True) == (short.exit_code, "at least 10" in short.stderr)
    assert 0 == shell.run("user", "add", "ada", text=TWICE).exit_code
    taken = shell.run("user", "add", "ada", text=TWICE)
    assert (2, True) == (taken.exit_code, "ada exists already" in taken.stderr)
    assert "`forwarder user password ada`" in taken.stderr
    assert 2 == shell.run("user", "add", "eve", "--role", "king").exit_code


def test_a_user_is_added_before_the_shops_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("--shop=my-shop=shopify", "--ad-account=549755885175")
    made = CliRunner().invoke(
        main, ["init", *words, "--public-url=https://events.example.com"]
    )
    added = CliRunner().invoke(main, ["user", "add", "ada"], TWICE)

    assert "`forwarder user add NAME --role admin`" in made.output
    assert (0, True) == (added.exit_code, "ada may log in" in added.output)


def test_nobody_is_asked_for_a_password_that_cannot_be_kept(shell: Shell) -> None:
    (shell.folder / "forwarder.toml").write_text("[service]\nno_such_key = 1\n")
    for words in (["user", "add", "ada"], ["user", "password", "ada"]):
        result = shell.run(*words, text=TWICE)

        assert (2, "") == (result.exit_code, result.stdout)
        assert "no_such_key is not known" in result.stderr


def test_an_api_key_is_printed_once(shell: Shell, store: Store) -> None:
    result = shell.run("api-key", "add", "shop", "--scope", "events:write")
    assert 0 == result.exit_code
    text = result.stdout.strip()
    key = access.find_api_key(store, text, NOW)
    assert key is not None
    assert ("shop", "events:write") == (key.name, key.scope)

    told = shell.json("api-key", "add", "reader", "--scope", "read")
    assert {"name", "scope", "expires_at", "key"} == set(told)
    assert told["expires_at"] is None
    assert access.find_api_key(store, told["key"], NOW) is not None


def test_an_api_key_may_end_by_itself(shell: Shell, store: Store) -> None:
    options = ("--scope", "read", "--expires-days", "30")
    told = shell.json("api-key", "add", "reader", *options)
    ends = datetime.fromisoformat(told["expires_at"])

    assert timedelta(days=30) - (ends - store.now()) < timedelta(minutes=5)
    early, late = ends - timedelta(seconds=1), ends
    assert access.find_api_key(store, told["key"], early) is not None
    assert access.find_api_key(store, told["key"], late) is None
    assert f"until {ends:%Y-%m-%d}" in shell.run("api-key", "list").stdout
    assert 2 == shell.run("api-key", "add", "x", *options[:3], "0").exit_code


def test_another_password_takes_the_place_of_the_first(
    shell: Shell, store: Store
) -> None:
    shell.run("user", "add", "ada", text=TWICE)
    other = "another long password"
    changed = shell.run("user", "password", "ada", text=f"{other}\n{other}\n")

    assert (0, True) == (changed.exit_code, "logs in anew" in changed.stdout)
    assert access.log_in(store, "ada", PASSWORD, NOW) is None
    assert access.log_in(store, "ada", other, NOW) is not None
    nobody = shell.run("user", "password", "eve", text=TWICE)
    assert (1, "there is no user eve\n") == (nobody.exit_code, nobody.stderr)
    short = shell.run("user", "password", "ada", text="short\nshort\n")
    assert (2, True) == (short.exit_code, "at least 10" in short.stderr)


def test_an_api_key_needs_a_free_name_and_a_scope(shell: Shell) -> None:
    shell.run("api-key", "add", "shop", "--scope", "read")

    taken = shell.run("api-key", "add", "shop", "--scope", "read")
    assert (2, "shop exists already\n") == (taken.exit_code, taken.stderr)
    assert 2 == shell.run("api-key", "add", "other").exit_code
    assert 2 == shell.run("api-key", "add", "other", "--scope", "all").exit_code


def test_the_tables_are_made_once(shell: Shell) -> None:
    first, second = shell.run("db", "upgrade"), shell.run("db", "upgrade")

    assert (0, "the tables are new\n") == (first.exit_code, first.stdout)
    assert (0, "nothing to do\n") == (second.exit_code, second.stdout)


def test_a_backup_is_a_whole_database_of_its_own(shell: Shell, store: Store) -> None:
    take(store, an_event(1))
    file = shell.folder / "copy.db"
    result = shell.run("db", "backup", str(file))

    assert (0, True) == (result.exit_code, "bytes to" in result.stdout)
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    copy = open_store(f"sqlite:///{file}", [DATA_KEY])
    assert current_version(store) == current_version(copy)
    assert ["1"] == [one.order_id for one in log.list_deliveries(copy, Filter()).lines]
    copy.close()


@pytest.mark.parametrize("name", ["forwarder.toml", "no/such/folder"])
def test_a_backup_writes_over_nothing(shell: Shell, store: Store, name: str) -> None:
    del store
    result = shell.run("db", "backup", str(shell.folder / name))

    assert 1 == result.exit_code
    assert "could not be written" in result.stderr


def test_postgresql_has_its_own_backup(shell: Shell) -> None:
    shell.write(NOWHERE)
    result = shell.run("db", "backup", "copy.db")

    assert (2, True) == (result.exit_code, "pg_dump" in result.stderr)


@pytest.mark.parametrize(
    "words", [["events", "list"], ["user", "list"], ["db", "upgrade"]]
)
def test_a_database_that_is_down_is_bad_news_in_words(
    shell: Shell, words: list[str]
) -> None:
    shell.write(NOWHERE)
    result = shell.run(*words)

    assert (1, "") == (result.exit_code, result.stdout)
    assert "the database does not answer: see `forwarder doctor`\n" == result.stderr


@pytest.mark.parametrize("words", [["events", "list"], ["doctor"], ["db", "upgrade"]])
def test_faulty_settings_are_listed_and_2(shell: Shell, words: list[str]) -> None:
    (shell.folder / "forwarder.toml").write_text("[service]\npublic_url = 7\nx = 1\n")
    result = shell.run(*words)

    assert (2, "") == (result.exit_code, result.stdout)
    assert "public_url" in result.stderr
    assert "service.x" in result.stderr


def test_an_unusable_data_key_is_told(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise BadKey("a data key has 5 bytes instead of 32")

    monkeypatch.setattr("forwarder.cli.common.wire", refuse)
    result = shell.run("events", "list")

    assert (2, "a data key has 5 bytes instead of 32\n") == (
        result.exit_code,
        result.stderr,
    )


def test_a_fault_of_ours_is_not_hidden(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("forwarder.cli.db.upgrade", fail)
    result = shell.run("db", "upgrade")

    assert isinstance(result.exception, ZeroDivisionError)


def test_every_command_helps(shell: Shell) -> None:
    whole = shell.run("-h")
    assert 0 == whole.exit_code
    assert main.name == "main"
    for name in COMMANDS:
        assert name in whole.stdout
        # click keeps the help option of the first call, also of one without a parent
        helped = shell.run(name, "--help")
        assert (0, True) == (helped.exit_code, "Usage: " in helped.stdout)


def test_an_unknown_command_is_wrong_use(shell: Shell) -> None:
    assert 2 == shell.run("nothing").exit_code
    assert "forwarder, version" in shell.run("--version").stdout


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_a_shell_can_finish_words(
    shell: Shell, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = shell.run("completions", kind)
    assert 0 == result.exit_code
    assert "_FORWARDER_COMPLETE" in result.stdout
    assert 2 == shell.run("completions", "tcsh").exit_code
    monkeypatch.setattr(
        "forwarder.cli.completions.get_completion_class", lambda _: None
    )
    assert 1 == shell.run("completions", kind).exit_code


def test_an_api_key_is_listed_and_removed(shell: Shell, store: Store) -> None:
    text = shell.json("api-key", "add", "shop", "--scope", "read")["key"]

    listed = shell.json("api-key", "list")["items"]
    assert [("shop", "read")] == [(one["name"], one["scope"]) for one in listed]
    assert text not in str(listed)
    assert "shop" in shell.run("api-key", "list").stdout
    assert 0 == shell.run("api-key", "remove", "shop").exit_code
    assert access.find_api_key(store, text, NOW) is None
    gone = shell.run("api-key", "remove", "shop")
    assert (1, "there is no API key shop\n") == (gone.exit_code, gone.stderr)


def test_the_module_calls_itself_forwarder() -> None:
    command = [sys.executable, "-m", "forwarder", "user", "--help"]
    told = subprocess.run(command, capture_output=True, check=True)  # noqa: S603

    assert told.stdout.startswith(b"Usage: forwarder user ")


def test_a_backup_is_checked(shell: Shell) -> None:
    shell.run("db", "upgrade")
    shell.run("db", "backup", "copy.db")
    (shell.folder / "broken.db").write_bytes(b"x" * 5000)

    good = shell.json("db", "check-backup", "copy.db")
    bad = shell.run("db", "check-backup", "broken.db")
    itself = shell.run("db", "check-backup")

    assert ([], {"notices": 0, "deliveries": 0}) == (good["faults"], good["counts"])
    assert 1 == bad.exit_code
    assert "take another copy" in bad.stderr
    assert "0 notices, 0 deliveries; 0 sealed values tried" in itself.stdout


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    "words",
    [
        ("user", "list"),
        ("api-key", "list"),
        ("audit-log",),
        ("ledger", "--month", "2026-10"),
        ("reconcile", "versions"),
        ("events", "list"),
        ("alerts", "list"),
        ("experiments", "list"),
        ("links", "list"),
        ("jobs", "list"),
        ("keys", "list"),
        ("kpi", "tasks"),
        ("quality",),
    ],
    ids=" ".join,
)
def test_an_empty_list_says_so(shell: Shell, words: tuple[str, ...]) -> None:
    told = shell.run(*words)

    assert (0, True) == (told.exit_code, len(told.stdout.split()) > 2)
