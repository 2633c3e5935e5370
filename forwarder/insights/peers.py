"""R61, R64: a Pin is compared with Pins of its age and format, where both are told."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from forwarder.core.kpi import Counts, PinFacts

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
) -> dict[Kind, dict[str, Counts]]:
    """Return the Pins by age and format; what is not told is a kind of its own."""
    nothing = PinFacts(pin_id="")
    found: dict[Kind, dict[str, Counts]] = {}
    for pin, counts in pins.items():
        known = facts.get(pin, nothing)
        kind = age_band(known.created_on, on), known.pin_format
        found.setdefault(kind, {})[pin] = counts
    return found
