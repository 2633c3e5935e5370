"""The marks that an audit sends along, and what became of each on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote_plus, urlsplit, urlunsplit

from forwarder.clicks.own_mark import PARAM as OWN_MARK

CLICK_ID: Final = "epik"
NEEDED: Final = ("utm_source", "utm_medium", "utm_campaign", CLICK_ID)


class Fate(StrEnum):
    """What became of a parameter."""

    PRESERVED = "preserved"
    RE_ENCODED = "re_encoded"
    CHANGED = "changed"
    DUPLICATED = "duplicated"
    OVERWRITTEN = "overwritten"
    FRAGMENT = "fragment"
    DROPPED = "dropped"


LOST: Final = frozenset({Fate.OVERWRITTEN, Fate.FRAGMENT, Fate.DROPPED})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter at the end of the way; `hop` is the one that did it to it."""

    name: str
    fate: Fate
    hop: int | None
    is_case_only: bool = False


def sentinels(nonce: str) -> dict[str, str]:
    """Return the marks with the bytes they are sent in.

    The campaign holds what careless redirectors break: a space, a plus, an accent.
    """
    return {
        "utm_source": "pinterest",
        "utm_medium": "social",
        "utm_campaign": "PF%20Audit%2B%C3%A9",
        "utm_content": f"pf{nonce}",
        CLICK_ID: f"dj0y{nonce}-_~",
    }


def marked(url: str, marks: Mapping[str, str], own_mark: str) -> str:
    """Return the address with the marks instead of its own values of those names."""
    parts = urlsplit(url)
    kept = [s for s in _segments(parts.query) if _name(s) not in {*marks, OWN_MARK}]
    added = [f"{name}={value}" for name, value in marks.items()]
    query = "&".join([*kept, *added, f"{OWN_MARK}={own_mark}"])
    return urlunsplit(parts._replace(query=query))


def fates(marks: Mapping[str, str], urls: Sequence[str]) -> list[Parameter]:
    """Return what became of each mark on the way through `urls`, the first as sent."""
    return [_parameter(name, sent, urls) for name, sent in marks.items()]


def _parameter(name: str, sent: str, urls: Sequence[str]) -> Parameter:
    states = [_fate(name, sent, url) for url in urls]
    last = states[-1]
    if last is Fate.PRESERVED:
        return Parameter(name, last, None)
    since = len(states) - 1
    while since > 0 and states[since - 1] is last:
        since -= 1
    return Parameter(name, last, max(since, 1), _is_case_only(name, sent, urls[-1]))


def _fate(name: str, sent: str, url: str) -> Fate:
    parts = urlsplit(url)
    found = _values(name, parts.query)
    meant = unquote_plus(sent)
    if not found:
        return Fate.FRAGMENT if _is_in(name, parts.fragment) else Fate.DROPPED
    told = [unquote_plus(value) for value in found]
    if len(found) > 1:
        return Fate.DUPLICATED if meant in told else Fate.OVERWRITTEN
    if found[0] == sent:
        return Fate.PRESERVED
    if told[0] == meant:
        return Fate.RE_ENCODED
    return Fate.CHANGED if _is_like(meant, told[0]) else Fate.OVERWRITTEN


def _is_in(name: str, fragment: str) -> bool:
    return bool(_values(name, fragment.partition("?")[2] or fragment))


def _is_like(meant: str, told: str) -> bool:
    """Tell a damaged value from another one: letters and digits are what is left."""
    ours, theirs = _bare(meant), _bare(told)
    return bool(theirs) and (ours.startswith(theirs) or theirs.startswith(ours))


def _bare(text: str) -> str:
    return "".join(
        sign for sign in text.casefold() if sign.isascii() and sign.isalnum()
    )


def _is_case_only(name: str, sent: str, url: str) -> bool:
    found = _values(name, urlsplit(url).query)
    return [unquote_plus(sent).casefold()] == [
        unquote_plus(value).casefold() for value in found
    ]


def _segments(query: str) -> list[str]:
    return [segment for segment in query.split("&") if segment]


def _name(segment: str) -> str:
    return unquote_plus(segment.partition("=")[0])


def _values(name: str, query: str) -> list[str]:
    """Return the raw values of a name; names are compared in lower case."""
    return [
        segment.partition("=")[2]
        for segment in _segments(query)
        if _name(segment).lower() == name
    ]
