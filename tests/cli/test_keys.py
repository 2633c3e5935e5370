import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from forwarder.store import Store, audit, open_store, reseal
from forwarder.store.reseal import Place
from forwarder.store.schema import bodies
from tests.cli.conftest import DATA_KEY, Shell
from tests.store.shop import an_event, take

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


@pytest.fixture
def env_file(shell: Shell, store: Store) -> Path:
    """A .env with the data key, as `init` writes it, and something sealed with it."""
    settings = shell.folder / "forwarder.toml"
    text = settings.read_text().replace(f'["{DATA_KEY}"]', '["env:FORWARDER_DATA_KEY"]')
    settings.write_text(text)
    file = shell.folder / ".env"
    file.write_text(f"FORWARDER_DATA_KEY={DATA_KEY}\n")
    take(store, an_event(1))
    return file


def seal_anew(shell: Shell, env_file: Path) -> None:
    keys = env_file.read_text().strip().partition("=")[2].split(",")
    store = open_store(f"sqlite:///{shell.folder / 'var/forwarder.db'}", keys)
    place: Place | None = Place()
    while place is not None:
        place = reseal.step(store, place, NOW).place
    store.close()


def let_time_pass(file: Path) -> None:
    os.utime(file, (1_700_000_000, 1_700_000_000))


def test_a_key_is_rotated_and_the_old_one_retired(
    shell: Shell, store: Store, env_file: Path
) -> None:
    before = shell.json("keys", "list")["items"]
    rotated = shell.json("keys", "rotate", "--yes")
    between = shell.json("keys", "list")["items"]
    seal_anew(shell, env_file)
    let_time_pass(env_file)
    retired = shell.run("keys", "retire", "--yes")
    after = shell.json("keys", "list")["items"]

    old, new = before[0]["key"], rotated["key"]
    assert [(old, "seals", 2)] == [_told(one) for one in before]
    assert [(new, "seals", 0), (old, "opens", 2)] == [_told(one) for one in between]
    assert [(new, "seals", 2)] == [_told(one) for one in after]
    assert 0 == retired.exit_code
    assert DATA_KEY not in env_file.read_text()
    done = audit.entries(store, audit.Wanted()).entries
    assert [("key retired", old), ("keys rotated", new)] == [
        (one.action, one.subject) for one in done
    ]


def _told(line: dict[str, object]) -> tuple[object, ...]:
    return line["key"], line["role"], line["n_values"]


def test_a_key_in_use_is_not_retired(shell: Shell, env_file: Path) -> None:
    assert "nothing to retire" in shell.run("keys", "retire").stdout
    shell.run("keys", "rotate", "--yes")

    in_use = shell.run("keys", "retire", "--yes")
    seal_anew(shell, env_file)
    too_early = shell.run("keys", "retire", "--yes")

    assert (1, 1) == (in_use.exit_code, too_early.exit_code)
    assert "2 values are still sealed with an older key" in in_use.stderr
    assert "wait until 15 s" in too_early.stderr
    assert DATA_KEY in env_file.read_text()


def test_somebody_who_says_no_changes_nothing(shell: Shell, env_file: Path) -> None:
    before = env_file.read_text()
    result = shell.run("keys", "rotate", text="n\n")

    assert (1, before) == (result.exit_code, env_file.read_text())


def test_no_command_prints_a_key(shell: Shell, env_file: Path) -> None:
    told = shell.run("keys", "rotate", "--yes").output
    told += shell.run("keys", "list").output
    keys = env_file.read_text().strip().partition("=")[2].split(",")

    assert 2 == len(keys)
    assert not any(key in told for key in keys)


def test_a_key_that_stands_in_the_settings_is_left(shell: Shell, store: Store) -> None:
    result = shell.run("keys", "rotate", "--yes")

    assert 2 == result.exit_code
    assert "move it into .env first" in result.stderr
    assert audit.entries(store, audit.Wanted()).entries == []


def test_values_of_a_lost_key_are_shown(
    shell: Shell, store: Store, env_file: Path
) -> None:
    with store.write() as connection:
        connection.execute(sa.update(bodies).values(sealed=b"\xab\xcd\xef\x01rest"))

    assert env_file.exists()
    found = {one["role"]: one["key"] for one in shell.json("keys", "list")["items"]}
    assert "abcdef01" == found["missing"]
