"""Cells of a CSV file that spreadsheets show and do not run."""

from typing import Final

# A spreadsheet takes what begins so for a formula, also behind spaces.
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|")


def no_formula(text: str) -> str:
    """Return the text, with an apostrophe in front if a spreadsheet would run it."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def as_meant(text: str) -> str:
    """Return what `no_formula` was given; every other text as it is."""
    bare = text.removeprefix("'")
    return bare if no_formula(bare) == text else text
