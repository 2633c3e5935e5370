"""Sentences that console and command line put alike: what hinders, who is not found."""

from typing import Final

from forwarder.pipeline.overview import PAUSED, Place
from forwarder.pipeline.progress import Trouble
from forwarder.store import health
from forwarder.web.words import explain_reason

SANDBOXED: Final = "The sandbox runs: nothing reaches Pinterest."
TENTHS_S: Final = 10  # of shorter times, tenths are told

# The label, and what the state means for what waits.
STATES: Final = {
    health.ACTIVE: ("working", "It is called whenever something is due."),
    PAUSED: (
        "paused",
        "A person paused it. What comes is kept, waits, and still gets too old.",
    ),
    health.BLOCKED: (
        "blocked",
        "The platform lets nobody in until a person acts. What comes is kept.",
    ),
    health.RATE_LIMITED: (
        "asked for a pause",
        "The platform asked for a pause. It is called again by itself.",
    ),
    health.OPEN: (
        "left alone for a while",
        "It failed again and again. It is tried again by itself.",
    ),
    health.HALF_OPEN: (
        "being tried",
        "It failed before. One event asks whether it is well again.",
    ),
}


def unfound(days: int) -> str:
    """Return why nobody may be found by an address or a number, and what to do."""
    if not days:
        return (
            "People cannot be found here: find_people_days of [service] is 0. Look for "
            "the order id instead."
        )
    return (
        f"A person is found for {days} days after an event of theirs came, by the "
        "address or number as the shop wrote it, until they are erased. Look for older "
        "ones by the order id."
    )


def brief(seconds: float | None) -> str:
    """Return a length of time in few characters; a dash for none."""
    if seconds is None:
        return "\u2013"
    for size_s, unit in ((3_600, "h"), (60, "min")):
        if seconds >= 2 * size_s:
            return f"{seconds / size_s:.0f} {unit}"
    return f"{seconds:.2g} s" if seconds < TENTHS_S else f"{seconds:.0f} s"


def trouble_text(trouble: Trouble) -> str:
    """Return what hinders the service and what to do about it, in sentences."""
    if not trouble.reason:
        return f"{trouble.what[0].upper()}{trouble.what[1:]}: {trouble.mend}."
    said = f" The platform said: {trouble.mend}" if trouble.mend else ""
    why = explain_reason(trouble.reason)
    return f"Nothing is sent to {trouble.subject}. {why}{said}"


def place_text(place: Place) -> str:
    """Return how a destination stands that is not simply working, and what to do."""
    label, meaning = STATES[place.state]
    if place.state != PAUSED:
        return f"{place.name} is {label}. {meaning}"
    why = f": {place.reason}" if place.reason else ""
    return (
        f"{place.name} is {label} since {place.since:%Y-%m-%d %H:%M} UTC, by "
        f"{place.paused_by}{why}. {meaning} `forwarder destinations resume "
        f"{place.name}` lets it go on."
    )
