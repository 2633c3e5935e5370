"""Adapters stay small, and a platform can be read without any code."""

from pathlib import Path
from statistics import median

import pytest

from forwarder.sources import SOURCES

FOLDER = Path(__file__).resolve().parents[2] / "forwarder" / "sources"
MEDIAN_MAX_LINES = 150
MODULE_MAX_LINES = 300


def modules(source: str) -> list[Path]:
    alone = FOLDER / f"{source}.py"
    return [alone] if alone.is_file() else sorted((FOLDER / source).glob("*.py"))


def lines(source: str) -> int:
    return sum(len(one.read_text("utf-8").splitlines()) for one in modules(source))


def test_the_typical_adapter_is_small() -> None:
    assert median(lines(source) for source in SOURCES) <= MEDIAN_MAX_LINES


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_no_module_of_an_adapter_is_large(source: str) -> None:
    long = {
        one.name: len(one.read_text("utf-8").splitlines()) for one in modules(source)
    }

    assert {} == {name: n for name, n in long.items() if n > MODULE_MAX_LINES}
