"""The sandbox's page names every fault and every option."""

from dataclasses import fields
from pathlib import Path

import pytest

from forwarder.sandbox import SandboxOptions
from forwarder.sandbox.faults import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")
WORDS = [*KINDS, *(field.name for field in fields(SandboxOptions))]


@pytest.mark.parametrize("word", WORDS)
def test_the_documentation_has_a_line_for(word: str) -> None:
    assert f"\n| `{word}` |" in PAGE
