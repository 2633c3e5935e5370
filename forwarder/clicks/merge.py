"""Put the query of a click on the address of its link, without touching a byte.

Segments are compared by their decoded names and copied as they came: a value that is
written anew is another value to somebody.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

from forwarder.core.links import UtmPolicy

QUERY_MAX_CHARS: Final = 8 * 1024
CLICK_IDS: Final = frozenset(
    {"epik", "_epik", "fbclid", "gbraid", "gclid", "msclkid", "ttclid", "wbraid"}
)
_OURS: Final = frozenset({"src", "qr"})  # consumed here, as is all that begins so:
_OUR_PREFIX: Final = "pf_"
_UNFIT: Final = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True, slots=True)
class Merged:
    """Where a click leads; `bare` is that without the token.

    `is_oversize`: what came along was left out.
    """

    url: str
    bare: str
    is_oversize: bool = False


def merge(
    to: str, incoming: str, *, policy: UtmPolicy, param: str, token: str = ""
) -> Merged:
    """Return the link's address with what came along, the token last.

    Shape: `incoming` is the raw query, one character per byte. Bytes that no address
    may hold are percent-encoded; all others stay as they are.
    """
    rest, hash_mark, fragment = to.partition("#")
    base, _, query = rest.partition("?")
    is_oversize = len(incoming) > QUERY_MAX_CHARS
    came = [] if is_oversize else _split(incoming)
    own = _split(query)
    own, came = _settled(
        [one for one in own if name_of(one) != param],
        [one for one in came if name_of(one) != param and not _is_ours(one)],
        policy,
    )
    told = _fit(f"{base}?{'&'.join([*own, *came])}" if own or came else base)
    tail = _fit(f"{hash_mark}{fragment}")
    mark = f"{'&' if own or came else '?'}{param}={token}" if token else ""
    return Merged(f"{told}{mark}{tail}", f"{told}{tail}", is_oversize)


def name_of(segment: str) -> str:
    """Return the decoded name of one segment of a query."""
    name = segment.partition("=")[0]
    return unquote_plus(name) if "%" in name or "+" in name else name


def value_in(query: str, name: str) -> str:
    """Return the decoded value of the first segment of that name; empty if none."""
    for segment in _split(query):
        if name_of(segment) == name:
            return unquote_plus(segment.partition("=")[2])
    return ""


def _settled(
    own: list[str], came: list[str], policy: UtmPolicy
) -> tuple[list[str], list[str]]:
    """Return both without the ones that the other side's win over."""
    names = {name_of(one) for one in came}
    own = _without(own, names & CLICK_IDS)
    utm = {name for name in names if name.startswith("utm_")}
    both = utm & {name_of(one) for one in own}
    match policy:
        case UtmPolicy.INCOMING_WINS:
            return _without(own, both), came
        case UtmPolicy.LINK_WINS:
            return own, _without(came, both)
        case UtmPolicy.FILL_MISSING:
            return ([o for o in own if not _is_utm(o)] if utm else own), came


def _without(segments: Iterable[str], names: set[str] | frozenset[str]) -> list[str]:
    return [one for one in segments if name_of(one) not in names]


def _split(query: str) -> list[str]:
    return query.split("&") if query else []


def _is_utm(segment: str) -> bool:
    return name_of(segment).startswith("utm_")


def _is_ours(segment: str) -> bool:
    name = name_of(segment)
    return name in _OURS or name.startswith(_OUR_PREFIX)


def _fit(url: str) -> str:
    return _UNFIT.sub(lambda found: _percent(found[0]), url)


def _percent(character: str) -> str:
    code = "latin-1" if ord(character) <= 0xFF else "utf-8"  # noqa: PLR2004  a byte
    return "".join(f"%{byte:02X}" for byte in character.encode(code))
