"""What the last page of a way says about itself; read from its text, no script run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin, urlsplit

SHORT_PAGE_CHARS: Final = 6000  # a page that only leads on has little else in it
_TAG = re.compile(r"pintrk\s*\(\s*['\"]load['\"]")
_SCRIPT = re.compile(
    r"(?:\blocation(?:\.href)?\s*=\s*|\blocation\.(?:replace|assign)\s*\(\s*)['\"`]"
)
_REFRESH = re.compile(r"^\s*[\d.]*\s*[;,]?\s*url\s*=\s*['\"]?([^'\"]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """The signs found; `refresh` is where a meta refresh leads, an absolute address."""

    has_tag: bool
    refresh: str | None
    canonical: str | None
    may_lead_on: bool


class _Head(HTMLParser):
    """Collects meta refresh and canonical link."""

    def __init__(self) -> None:
        super().__init__()
        self.refresh: str | None = None
        self.canonical: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value if value is not None else "" for name, value in attrs}
        if tag == "meta" and self.refresh is None:
            self.refresh = _refresh(found)
        if tag == "link" and "canonical" in found.get("rel", "").lower().split():
            self.canonical = found.get("href") or None


def _refresh(attributes: Mapping[str, str]) -> str | None:
    if attributes.get("http-equiv", "").lower() != "refresh":
        return None
    found = _REFRESH.match(attributes.get("content", ""))
    return None if found is None else found[1].strip()


def look_at(url: str, text: str) -> Page:
    """Return what a page at `url` says; damaged markup is read as far as it goes."""
    head = _Head()
    head.feed(text)
    head.close()
    return Page(
        has_tag=_TAG.search(text) is not None,
        refresh=_joined(url, head.refresh),
        canonical=_joined(url, head.canonical),
        may_lead_on=len(text) < SHORT_PAGE_CHARS and _SCRIPT.search(text) is not None,
    )


def _joined(url: str, found: str | None) -> str | None:
    if not found:
        return None
    try:
        joined = urljoin(url, found)
        return joined if urlsplit(joined).scheme in {"http", "https"} else None
    except ValueError:
        return None
