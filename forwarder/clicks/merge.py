"""Put the query of a click on the address of its link, without touching a byte.

Segments are compared by their decoded names and copied as they came: a value that is
written anew is another value to somebody.
"""

import re
from collections.abc import Mapping
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
    own, came = _settled(
        [one for one in _named(query) if one[0] != param],
        [
            one
            for one in _named("" if is_oversize else incoming)
            if one[0] != param and not _is_ours(one[0])
        ],
        policy,
    )
    segments = "&".join([segment for _, segment in (*own, *came)])
    told = _fit(f"{base}?{segments}" if own or came else base)
    tail = _fit(f"{hash_mark}{fragment}")
    mark = f"{'&' if own or came else '?'}{param}={token}" if token else ""
    return Merged(f"{told}{mark}{tail}", f"{told}{tail}", is_oversize)


def values_in(query: str, names: frozenset[str]) -> Mapping[str, str]:
    """Return the decoded values of these names, of each the first one in a query."""
    found: dict[str, str] = {}
    for name, segment in _named(query):
        if name in names and name not in found:
            found[name] = unquote_plus(segment.partition("=")[2])
    return found


_Named = tuple[str, str]  # the decoded name of a segment, and the segment as it came


def _named(query: str) -> list[_Named]:
    return [(_name_of(one), one) for one in query.split("&")] if query else []


def _name_of(segment: str) -> str:
    name = segment.partition("=")[0]
    return unquote_plus(name) if "%" in name or "+" in name else name


def _settled(
    own: list[_Named], came: list[_Named], policy: UtmPolicy
) -> tuple[list[_Named], list[_Named]]:
    """Return both without the ones that the other side's win over."""
    names = {name for name, _ in came}
    own = _without(own, names & CLICK_IDS)
    utm = {name for name in names if name.startswith("utm_")}
    both = utm & {name for name, _ in own}
    match policy:
        case UtmPolicy.INCOMING_WINS:
            return _without(own, both), came
        case UtmPolicy.LINK_WINS:
            return own, _without(came, both)
        case UtmPolicy.FILL_MISSING:
            kept = [o for o in own if not o[0].startswith("utm_")] if utm else own
            return kept, came


def _without(segments: list[_Named], names: set[str]) -> list[_Named]:
    return [one for one in segments if one[0] not in names] if names else segments


def _is_ours(name: str) -> bool:
    return name in _OURS or name.startswith(_OUR_PREFIX)


def _fit(url: str) -> str:
    return _UNFIT.sub(lambda found: _percent(found[0]), url)


def _percent(character: str) -> str:
    code = "latin-1" if ord(character) <= 0xFF else "utf-8"  # noqa: PLR2004  a byte
    return "".join(f"%{byte:02X}" for byte in character.encode(code))
