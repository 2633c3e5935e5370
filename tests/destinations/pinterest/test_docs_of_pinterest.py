"""The page about Pinterest names every setting, every field and every reason."""

import dataclasses
import re
from pathlib import Path

import pytest

from forwarder.core.event import Person
from forwarder.destinations.pinterest import PinterestSettings
from forwarder.destinations.pinterest.fields import Rules, fields

ROOT = Path(__file__).parents[3]
CODE = ROOT / "forwarder" / "destinations" / "pinterest"
PAGE = (ROOT / "docs" / "destinations" / "pinterest.md").read_text(encoding="utf-8")
REASON = re.compile(
    r"(?:Drop|Refused|Deferred|Skipped)\(\s*\"([a-z0-9_]+)\""
    r"|_drop\([^,]+, \"([a-z_]+)\""
)


def reasons() -> set[str]:
    texts = [file.read_text(encoding="utf-8") for file in CODE.glob("*.py")]
    return {one or other for text in texts for one, other in REASON.findall(text)}


@pytest.mark.parametrize("reason", sorted(reasons()))
def test_every_reason_has_its_words(reason: str) -> None:
    assert f"`{reason}`" in PAGE


@pytest.mark.parametrize(
    "name", [one.name for one in dataclasses.fields(PinterestSettings)]
)
def test_every_setting_has_its_line(name: str) -> None:
    assert f"`{name}`" in PAGE or name == "age_margin_s"


@pytest.mark.parametrize("name", [one.name for one in dataclasses.fields(Person)])
def test_every_field_of_a_person_has_its_rule(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("key", [one.key for one in fields(Rules())])
def test_every_key_of_pinterest_is_named(key: str) -> None:
    assert f"`{key}`" in PAGE


def test_there_are_reasons_to_look_for() -> None:
    assert len(reasons()) > 30
