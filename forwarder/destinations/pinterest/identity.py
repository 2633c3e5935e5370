"""From a person in clear to hashes: the only way a person gets into a payload."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from operator import attrgetter
from typing import Final

from forwarder.core.delivery import Dropped
from forwarder.core.event import Person
from forwarder.destinations.pinterest import device, place
from forwarder.destinations.pinterest.fields import Found, Need, Rules, fields
from forwarder.destinations.pinterest.texts import Drop, clean

_CACHED_COUNTRIES: Final = 1024
_CONTEXTS: Final[tuple[Need, ...]] = ("nothing", "country", "home", "today")


class Hashed:
    """Who it was, as Pinterest may know it.

    Shape: `lists` from Pinterest's key to hashes without repeats, no empty list; `ip`,
    `user_agent` and `click_id` in clear; `dropped` one entry per value left out.
    """

    __slots__ = ("click_id", "dropped", "ip", "lists", "user_agent", "warnings")

    def __init__(self) -> None:
        """Begin with nobody."""
        self.lists: dict[str, list[str]] = {}
        self.ip: str | None = None
        self.user_agent: str | None = None
        self.click_id: str | None = None
        self.dropped: list[Dropped] = []
        self.warnings: list[str] = []

    @property
    def identifies(self) -> bool:
        """Tell if Pinterest takes it: an e-mail, a device id, or IP and user agent."""
        return (
            "em" in self.lists
            or "hashed_maids" in self.lists
            or (self.ip is not None and self.user_agent is not None)
        )


class Identity:
    """Hashes persons by one set of rules. Safe to use from several threads."""

    def __init__(self, rules: Rules) -> None:
        """Bind the rules to the fields once; the loop has no decisions left."""
        self._drop_reserved = rules.drop_reserved
        told = fields(rules)
        self._values_of = attrgetter(*(one.name for one in told))
        self._fields = tuple(
            (one.name, one.key, _CONTEXTS.index(one.needs), one.digest_of)
            for one in told
        )

    def hash_person(self, person: Person, region: str | None, on: date) -> Hashed:
        """Return the person in hashes and what was left out. Never raises.

        `region` is the country of the shop, `on` the day of the event.
        """
        found = Hashed()
        lists = found.lists
        day = f"{on.year:04}{on.month:02}{on.day:02}" if person.date_of_birth else None
        contexts = (None, *_places(person.country, region), day)
        values_of_all: Sequence[tuple[str, ...]] = self._values_of(person)
        for (name, key, need, digest_of), values in zip(
            self._fields, values_of_all, strict=True
        ):
            if not values:
                continue
            first = digest_of(values[0], contexts[need])
            if len(values) == 1 and isinstance(first, str):
                lists[key] = [first]
                continue
            readings = [digest_of(value, contexts[need]) for value in values]
            hashes = _merged(found, name, readings)
            if hashes:
                lists[key] = hashes
        self._add_device(found, person)
        return found

    def _add_device(self, found: Hashed, person: Person) -> None:
        if person.ip is not None:
            address = device.ip(person.ip, drop_reserved=self._drop_reserved)
            found.ip = _kept(found, "ip", address)
        if person.user_agent is not None:
            browser = device.user_agent(person.user_agent)
            found.user_agent = _kept(found, "user_agent", browser)
        if person.click_id is not None:
            found.click_id = _kept(found, "click_id", device.click_id(person.click_id))


@lru_cache(_CACHED_COUNTRIES)
def _places(
    countries: tuple[str, ...], region: str | None
) -> tuple[str | None, str | None]:
    """Return the person's country, and the one that a national phone is read in."""
    codes = map(_alpha_2, countries)
    country = next((code for code in codes if code is not None), None)
    return country, _alpha_2(region) if country is None and region else country


def _alpha_2(value: str) -> str | None:
    text = clean(value)
    found = text if isinstance(text, Drop) else place.country(text, None)
    return None if isinstance(found, Drop) else found


def _merged(
    found: Hashed, name: str, readings: Sequence[str | Found | Drop]
) -> list[str]:
    """Return the hashes of one field without repeats; write down what was dropped."""
    hashes: dict[str, None] = {}
    for reading in readings:
        if isinstance(reading, Drop):
            found.dropped.append(Dropped(field=name, reason=reading.reason))
        elif isinstance(reading, str):
            hashes[reading] = None
        else:
            hashes.update(dict.fromkeys(reading.hashes))
            found.warnings += [reading.note] if reading.note else []
    return list(hashes)


def _kept(found: Hashed, name: str, value: str | Drop) -> str | None:
    if isinstance(value, str):
        return value
    found.dropped.append(Dropped(field=name, reason=value.reason))
    return None
