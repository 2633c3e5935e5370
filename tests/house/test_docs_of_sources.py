"""What a source's page says is what its adapter and the settings know."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from config.places import DestinationSettings, EndpointSettings
from config.service import Service
from forwarder.enrich import STEPS
from forwarder.hookups import PLATFORMS
from forwarder.pulls import PULLS
from forwarder.sources import SOURCES
from forwarder.web.console_sources import NEVER_AGAIN, OF_ALL_KINDS, UNDOCUMENTED
from tests.house.test_docs import SOURCE_HEADINGS

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {
    field.name
    for shape in (EndpointSettings, DestinationSettings, Service)
    for field in fields(shape)
}
ASSIGNED = re.compile(r"`([a-z_]+) = [^`]+`")


def page(source: str) -> str:
    return (ROOT / "docs" / "sources" / f"{source}.md").read_text(encoding="utf-8")


def topics(source: str) -> Iterator[str]:
    """Yield the topics that an adapter turns into events."""
    for name in ("TOPICS", "MAPPED"):
        found = getattr(SOURCES[source], name, ())
        if isinstance(found, Mapping | frozenset | tuple):
            yield from (word for word in found if isinstance(word, str))


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_every_topic_of_an_adapter_stands_on_its_page(source: str) -> None:
    text = page(source)
    missing = [t for t in topics(source) if t.rpartition(":")[2] not in text]

    assert [] == missing


@pytest.mark.parametrize("source", [*sorted(SOURCES), "declared"])
def test_every_setting_that_a_page_sets_exists(source: str) -> None:
    words = set(ASSIGNED.findall(page(source)))
    own = {"in", "minor_units"} if source == "declared" else set()

    assert set() == words - SETTINGS - own


@pytest.mark.parametrize("source", sorted(STEPS))
def test_a_page_says_that_a_key_looks_the_rest_up(source: str) -> None:
    assert "api_key" in page(source)


def test_the_page_of_a_declared_source_has_the_same_headings() -> None:
    text = page("declared")

    assert [] == [one for one in SOURCE_HEADINGS if f"## {one}" not in text]


@pytest.mark.parametrize("source", sorted({*PULLS, *PLATFORMS}))
def test_the_page_on_apis_names_every_platform(source: str) -> None:
    text = (ROOT / "docs" / "missing.md").read_text(encoding="utf-8").lower()

    assert source in text


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_the_console_says_of_retries_what_the_page_says(source: str) -> None:
    part = page(source).partition("## Retries and disabling")[2].partition("\n## ")[0]
    told = " ".join(part.split())
    is_silent = told.startswith("Not documented")
    is_open = told.startswith(("As the tool", "Yours to decide"))
    says_none = re.search(r"(never tries|does not try|not try) again\b", told)

    assert is_silent == (source in UNDOCUMENTED)
    assert is_open == (source in OF_ALL_KINDS)
    assert source not in NEVER_AGAIN or says_none
