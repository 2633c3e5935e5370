"""A platform is connected by a file alone: explained, taken in, refused when wrong."""

import json
from pathlib import Path

import pytest

from config.settings import UnusableSettings, load
from forwarder.samples import SIGNED_AT
from forwarder.sources import SOURCES
from forwarder.wiring import wire
from tests.cli.conftest import Shell
from tests.sources.test_declared import EXAMPLE, PAID

ENDPOINT = """
[endpoints.corner]
source = "declared"
mapping = "cornershop.toml"
secrets = ["a-secret-of-the-corner-shop"]
destination = "main"
"""
EXPLAIN = ("explain", "body.json", "--source", "declared")


@pytest.fixture
def corner(shell: Shell) -> Path:
    file = shell.folder / "forwarder.toml"
    file.write_text(file.read_text() + ENDPOINT)
    (shell.folder / "cornershop.toml").write_text(EXAMPLE)
    (shell.folder / "body.json").write_text(json.dumps(PAID))
    return file


def test_explain_shows_the_payload_of_a_declared_platform(
    shell: Shell, corner: Path
) -> None:
    assert corner.exists()
    words = (*EXPLAIN, "--mapping", "cornershop.toml", "--now", SIGNED_AT.isoformat())
    told = shell.json(*words, "--keep-reserved-domains", "--endpoint", "corner")

    (event,) = told["events"]
    assert ("sent", "cornershop:corner:C-900100:checkout") == (
        event["verdict"],
        event["event_id"],
    )
    assert "18.40" == event["payload"]["custom_data"]["value"]


def test_an_endpoint_is_wired_by_its_mapping(corner: Path) -> None:
    settings = load({}, corner, sources=SOURCES)
    wired = wire(settings, "worker")

    assert "declared" == wired.endpoints["corner"].source_name
    assert "cornershop" == wired.endpoints["corner"].source.mapped.name  # type: ignore[attr-defined]
    wired.store.close()


def test_the_mapping_may_stand_in_the_settings(corner: Path, shell: Shell) -> None:
    inline = EXAMPLE.replace("[signature]", "[endpoints.corner.mapping.signature]")
    inline = inline.replace("[[events]]", "[[endpoints.corner.mapping.events]]")
    text = corner.read_text().replace('mapping = "cornershop.toml"\n', "")
    corner.write_text(f"{text}\n[endpoints.corner.mapping]\n{inline}")
    (shell.folder / "cornershop.toml").unlink()

    assert "declared" == load({}, corner, sources=SOURCES).endpoints["corner"].source


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('mapping = "cornershop.toml"', "", "belong together"),
        ("cornershop.toml", "elsewhere.toml", "which cannot be read"),
        ('source = "declared"', 'source = "tally"', "belong together"),
    ],
)
def test_a_missing_mapping_is_a_fault_of_the_settings(
    corner: Path, old: str, new: str, sentence: str
) -> None:
    corner.write_text(corner.read_text().replace(old, new))
    with pytest.raises(UnusableSettings, match=sentence):
        load({}, corner, sources=SOURCES)


def test_a_weak_secret_in_the_address_is_a_fault(corner: Path, shell: Shell) -> None:
    mapping = EXAMPLE.replace("[signature]", '[secret]\nin = "path"\n[rest]')
    (shell.folder / "cornershop.toml").write_text(mapping)
    corner.write_text(corner.read_text().replace("a-secret-of-the-corner-shop", "weak"))
    with pytest.raises(UnusableSettings, match="at least 22 letters"):
        load({}, corner, sources=SOURCES)


def test_every_command_names_the_faults_of_a_mapping(
    shell: Shell, corner: Path
) -> None:
    assert corner.exists()
    (shell.folder / "cornershop.toml").write_text('nmae = "x"')
    result = shell.run("events", "list")

    assert 2 == result.exit_code
    assert "endpoints.corner.mapping: nmae is not known; did you mean name?" in (
        result.stderr
    )
    assert "no [[events]]" in result.stderr


def test_explain_names_the_faults_of_a_mapping(shell: Shell, corner: Path) -> None:
    assert corner.exists()
    (shell.folder / "cornershop.toml").write_text("name = ")
    broken = shell.run(*EXPLAIN, "--mapping", "cornershop.toml")
    (shell.folder / "cornershop.toml").write_text("")
    empty = shell.run(*EXPLAIN, "--mapping", "cornershop.toml")
    lonely = shell.run(*EXPLAIN)

    assert [2, 2, 2] == [result.exit_code for result in (broken, empty, lonely)]
    assert "is not TOML" in broken.stderr
    assert "say how a webhook proves itself" in empty.stderr
    assert "belong together" in lonely.stderr
