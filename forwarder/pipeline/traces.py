"""Recognise one person in whatever form something of them is kept.

A kept event and a payload are compared by the destination's own hashes, so that every
spelling that was sent as the same person is found as the same person. A webhook that
was kept as it came is searched value by value.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

import orjson

from forwarder.core.delivery import Destination
from forwarder.core.event import Event, Notice, Person

_DEPTH_MAX: Final = 64
_TAIL_DIGITS: Final = 6
_HASH: Final = re.compile(r"[0-9a-f]{64}\Z")
_PHONE: Final = re.compile(r"\+?[\d\s().:/-]{7,40}\Z")
_ABOUT_SOMEBODY: Final = re.compile(
    r"customer|user|member|subscriber|contact|person|profile|external|buyer|client"
)
_KEYS: Final = ("em", "ph", "external_id")


class Traces:
    """What one person is recognised by. `regions` are those of the shops asked.

    A number with its country code adds its own country: there it is found however a
    shop wrote it.
    """

    def __init__(
        self,
        person: Person,
        destinations: Iterable[Destination],
        regions: Iterable[str | None],
    ) -> None:
        """Compute every hash under which the person may stand in a payload."""
        self._destinations = tuple(destinations)
        homes = map(_home_of, person.phone)
        self._regions = tuple(dict.fromkeys([None, *regions, *homes]))
        self._emails = frozenset(map(_folded, person.email))
        self._phones = frozenset(map(_digits, person.phone)) - {""}
        self._ids = frozenset(text.strip() for text in person.external_id) - {""}
        self._tails = frozenset(digits[-_TAIL_DIGITS:] for digits in self._phones)
        self._hashes = self._hashes_of(person)

    def are_in_event(self, event: Event) -> bool:
        """Say whether a kept event is about the person."""
        other = event.person
        if self._emails & set(map(_folded, other.email)):
            return True
        if self._ids & {text.strip() for text in other.external_id}:
            return True
        if self._phones & set(map(_digits, other.phone)):
            return True
        return bool(self._hashes & self._hashes_of(other, event.region))

    def are_in_payload(self, shown: bytes) -> bool:
        """Say whether what was sent is about the person."""
        return any(self._hashes & one.identified(shown) for one in self._destinations)

    def are_in_notice(self, notice: Notice) -> bool:
        """Say whether a webhook names the person anywhere."""
        return any(self._is_told(path, text) for path, text in _values(notice.body))

    def _hashes_of(self, person: Person, region: str | None = None) -> frozenset[str]:
        regions = self._regions if region is None else (None, region)
        return frozenset().union(
            *(
                one.identify(person, where)
                for one in self._destinations
                for where in regions
            )
        )

    def _is_told(self, path: str, text: str) -> bool:
        if "@" in text or "%40" in text:
            return self._holds_email(text)
        if _HASH.match(text.strip().lower()):
            hashed = text.strip().lower()
            return any(f"{key}:{hashed}" in self._hashes for key in _KEYS)
        if text.strip() in self._ids and _ABOUT_SOMEBODY.search(path):
            return True
        return _PHONE.match(text) is not None and self._is_phone(text)

    def _holds_email(self, text: str) -> bool:
        folded = _folded(unquote_plus(text) if "%40" in text else text)
        if any(email in folded for email in self._emails):
            return True
        return bool(self._hashes & self._hashes_of(Person(email=(text,))))

    def _is_phone(self, text: str) -> bool:
        digits = _digits(text)
        if digits in self._phones:
            return True
        if self._tails and digits[-_TAIL_DIGITS:] not in self._tails:
            return False  # spares the hashing of every number in an order
        return bool(self._hashes & self._hashes_of(Person(phone=(text,))))


def _folded(text: str) -> str:
    return text.strip().casefold()


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


def _home_of(phone: str) -> str | None:
    """Return the country of a number that tells its code, None of any other."""
    import phonenumbers  # noqa: PLC0415  0.1 s, and most are searched by an address

    if not is_whole(phone):
        return None
    try:
        found = phonenumbers.parse(f"+{_digits(phone).removeprefix('00')}")
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.region_code_for_number(found)


def is_whole(phone: str) -> bool:
    """Say whether a number tells its country code."""
    return phone.strip().startswith(("+", "00"))


def _values(body: bytes) -> Iterator[tuple[str, str]]:
    """Give every value of a JSON body or a form with the names that lead to it."""
    try:
        yield from _inside("", orjson.loads(body), _DEPTH_MAX)
    except orjson.JSONDecodeError:
        text = body.decode("utf-8", "replace")
        yield "", text
        for name, value in parse_qsl(text, max_num_fields=10_000):
            yield from _inside(name.lower(), value, _DEPTH_MAX)


def _inside(path: str, value: object, depth: int) -> Iterator[tuple[str, str]]:
    if depth == 0:
        return
    match value:
        case str() if value[:1] in {"{", "["}:  # JSON in a field of a form, say
            yield path, value
            yield from _nested(path, value, depth - 1)
        case str():
            yield path, value
        case bool() | None:
            return
        case int() | float():
            yield path, str(value)
        case Mapping():
            for name, inner in value.items():
                yield from _inside(f"{path}.{name}".lower(), inner, depth - 1)
        case Sequence():
            for inner in value:
                yield from _inside(path, inner, depth - 1)


def _nested(path: str, text: str, depth: int) -> Iterator[tuple[str, str]]:
    try:
        yield from _inside(path, orjson.loads(text), depth)
    except orjson.JSONDecodeError:
        return
