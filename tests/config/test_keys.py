import stat
from pathlib import Path

import pytest

from config.keys import KeyPlace, NotOurs, key_place, key_watch, n_references
from config.settings import load

KEY = "a2V5LW9mLXRlc3RzLWtleS1vZi10ZXN0cy1rZXkuLi4="
NEW = "bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmU="


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    write(tmp_path, 'data_keys = ["env:FORWARDER_DATA_KEY"]')
    (tmp_path / ".env").write_text(
        f"A=1\nFORWARDER_DATA_KEY={KEY}\nPINTEREST_TOKEN=x\n"
    )
    (tmp_path / ".env").chmod(0o640)
    return {"FORWARDER_CONFIG": str(tmp_path / "forwarder.toml")}


def write(folder: Path, line: str) -> None:
    (folder / "forwarder.toml").write_text(f"[service]\n{line}\n")


def test_a_new_key_goes_first_and_nothing_else_changes(
    env: dict[str, str], tmp_path: Path
) -> None:
    place = key_place(env)

    place.write([NEW, *place.read()])

    file = tmp_path / ".env"
    assert (NEW, KEY) == place.read() == load(env).service.data_keys
    assert f"A=1\nFORWARDER_DATA_KEY={NEW},{KEY}\nPINTEREST_TOKEN=x\n" == (
        file.read_text()
    )
    assert 0o640 == stat.S_IMODE(file.stat().st_mode)
    assert [".env", "forwarder.toml"] == sorted(one.name for one in tmp_path.iterdir())


@pytest.mark.parametrize(
    "line", ["export FORWARDER_DATA_KEY={}", "FORWARDER_DATA_KEY = {}"]
)
def test_a_dotenv_may_be_written_in_other_ways(
    env: dict[str, str], tmp_path: Path, line: str
) -> None:
    (tmp_path / ".env").write_text(line.format(f"'{KEY}'"))
    place = key_place(env)

    place.write([NEW, *place.read()])

    assert (NEW, KEY) == load(env).service.data_keys


def test_a_key_in_a_file_of_its_own_is_changed_there(
    env: dict[str, str], tmp_path: Path
) -> None:
    write(tmp_path, 'data_keys = ["file:data.key"]')
    (tmp_path / "data.key").write_text(f"{KEY}\n")
    place = key_place(env)

    place.write([NEW, *place.read()])

    assert (NEW, KEY) == load(env).service.data_keys
    assert KeyPlace(file=tmp_path / "data.key", name="") == place


def test_a_variable_may_name_the_file(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "data.key").write_text(KEY)
    (tmp_path / ".env").write_text("FORWARDER_DATA_KEY_FILE=data.key\n")

    assert KeyPlace(file=tmp_path / "data.key", name="") == key_place(env)


@pytest.mark.parametrize(
    ("line", "more", "sentence"),
    [
        ("", {"FORWARDER_DATA_KEY": KEY}, "FORWARDER_DATA_KEY comes from outside"),
        ("", {"FORWARDER_DATA_KEYS": KEY}, "FORWARDER_DATA_KEYS holds the data keys"),
        (f'data_keys = ["{KEY}"]', {}, "move it into .env first"),
    ],
)
def test_what_we_cannot_write_is_told(
    env: dict[str, str], tmp_path: Path, line: str, more: dict[str, str], sentence: str
) -> None:
    write(tmp_path, line)

    with pytest.raises(NotOurs, match=sentence) as caught:
        key_place({**env, **more})
    assert KEY not in str(caught.value)


def test_a_folder_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "data.key"
    file.write_text(KEY)
    place = KeyPlace(file=file, name="")
    file.unlink()

    with pytest.raises(NotOurs, match="nothing changed"):
        place.write([NEW])


def test_a_change_is_told_once(env: dict[str, str]) -> None:
    watch = key_watch(env)
    before = watch()
    place = key_place(env)
    place.write([NEW, KEY])

    assert (None, (NEW, KEY), None) == (before, watch(), watch())


def test_settings_that_are_half_written_change_no_key(
    env: dict[str, str], tmp_path: Path
) -> None:
    watch = key_watch(env)
    (tmp_path / ".env").write_text("FORWARDER_DATA_KEY=short\n")

    assert None is watch()


def test_several_references_are_counted(env: dict[str, str], tmp_path: Path) -> None:
    assert 1 == n_references(env)
    write(tmp_path, 'data_keys = ["env:FORWARDER_DATA_KEY", "env:OLD"]')
    assert 2 == n_references(env)
