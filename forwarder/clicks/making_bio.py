"""Make a page of links for a profile of what a person typed."""

from collections.abc import Collection, Sequence
from typing import Final

from forwarder.clicks.making import TEXT_MAX_CHARS, Flawed
from forwarder.clicks.targets import SLUG
from forwarder.core.links import Bio

ENTRIES_MAX: Final = 50


def made_bio(
    name: str, title: str, entries: Sequence[str], known: Collection[str]
) -> Bio:
    """Return the page. Shape: each entry is SLUG or SLUG=LABEL. Raises: Flawed."""
    if not SLUG.fullmatch(name):
        raise Flawed("name: 1 to 64 letters, digits, - and _")
    if not 1 <= len(entries) <= ENTRIES_MAX:
        raise Flawed(f"link: 1 to {ENTRIES_MAX} of them")
    pairs = [_entry(one, known) for one in entries]
    return Bio(name=name, title=_shown("title", title or name), entries=tuple(pairs))


def _entry(given: str, known: Collection[str]) -> tuple[str, str]:
    slug, _, label = given.partition("=")
    if slug not in known:
        named = f"no link {slug}" if SLUG.fullmatch(slug) else "no such link"
        raise Flawed(f"link: there is {named}: make it first")
    return slug, _shown("link", label or slug)


def _shown(field: str, text: str) -> str:
    told = text.strip()
    if not told or len(told) > TEXT_MAX_CHARS or not told.isprintable():
        raise Flawed(f"{field}: 1 to {TEXT_MAX_CHARS} characters that can be seen")
    return told
