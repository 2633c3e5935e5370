"""R61, R64: a Pin is compared with Pins of its age and format, where both are told."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Final

from forwarder.core.kpi import Counts, PinFacts, total

# First days of an age band. A fresh Pin spikes, an old one lives on searches.
AGES: Final = ((91, "90+"), (31, "31-90"), (8, "8-30"), (0, "0-7"))
PEERS_MIN: Final = 4  # fewer Pins of a kind are no crowd
Kind = tuple[str, str]  # band of age, format; empty where it is not known


def age_band(created_on: date | None, on: date | None) -> str:
    """Return the band of a Pin's age in days; empty where it is not known."""
    if created_on is None or on is None:
        return ""
    days = max((on - created_on).days, 0)
    return next(name for least, name in AGES if days >= least)


def kinds(
    pins: Mapping[str, Counts], facts: Mapping[str, PinFacts], on: date | None
) -> Mapping[Kind, Mapping[str, Counts]]:
    """Return the Pins by age and format; what is not told is a kind of its own."""
    nothing = PinFacts(pin_id="")
    known = {pin: facts.get(pin, nothing) for pin in pins}
    days = {one.created_on for one in known.values()}  # a day is that of many Pins
    bands = {day: age_band(day, on) for day in days}
    found: defaultdict[Kind, dict[str, Counts]] = defaultdict(dict)
    for pin, counts in pins.items():
        told = known[pin]
        found[bands[told.created_on], told.pin_format][pin] = counts
    return found


def by_format(
    pins: Mapping[str, Counts], facts: Mapping[str, PinFacts]
) -> Mapping[str, Counts]:
    """Return what the Pins of each format brought together, as far as it is told."""
    found: defaultdict[str, list[Counts]] = defaultdict(list)
    for pin, counts in pins.items():
        if pin in facts and facts[pin].pin_format:
            found[facts[pin].pin_format].append(counts)
    return {name: total(found[name]) for name in sorted(found)}
