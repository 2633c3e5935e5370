"""The event and the answer that the page on the API shows are what the API takes."""

import json
import re
from pathlib import Path

import pytest

from forwarder.core.source import Options
from forwarder.sources import SOURCES
from forwarder.sources.own_event import Invalid, read_own_event
from forwarder.store.access import SCOPES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text("utf-8")
EVENT, ANSWER = map(json.loads, re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))


def test_the_event_of_the_page_is_taken() -> None:
    event = read_own_event(EVENT, Options(shop="api"))

    assert ANSWER["results"][0]["event_id"] == event.event_id


def test_the_fault_of_the_page_is_the_one_that_is_told() -> None:
    untimed = {k: v for k, v in EVENT.items() if k != "occurred_at"}
    with pytest.raises(Invalid) as caught:
        read_own_event(untimed, Options(shop="api"))

    assert ANSWER["results"][1]["errors"] == caught.value.errors


@pytest.mark.parametrize("scope", SCOPES)
def test_every_scope_is_explained(scope: str) -> None:
    assert f"\n| `{scope}` | " in PAGE


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_every_source_is_listed_in_the_readme(source: str) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")

    assert f"(docs/sources/{source}.md)" in readme
    assert f"{len(SOURCES)} of them" in readme
