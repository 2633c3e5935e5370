"""One step of the waterfall from our log to the tag's number, and what it stands on."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Certainty(StrEnum):
    """What a step of the waterfall stands on."""

    EXACT = "exact"
    ESTIMATE = "estimate"
    BOUNDS = "bounds"
    NONE = "no evidence"
    NOT_HERE = "n/a"  # it has no place at this level


UNTOLD = frozenset({Certainty.NONE, Certainty.NOT_HERE})  # no number stands there


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One step from our number down to the tag's.

    Units: conversions that the tag's number is lower for this reason; negative where
    it is higher. `low` and `high` are a 95% band or bounds; both equal `n` when exact.
    `remedy` says what to switch on or do, empty when there is nothing.
    """

    name: str
    n: float
    low: float
    high: float
    certainty: Certainty
    evidence: str
    remedy: str = ""


BLOCKED, ROUTE, COOKIE = "blocked scripts", "redirects and hops", "cookie cap"
DEVICES, CONSENT = "cross-device", "consent opt-out"
LATE, DEDUP, UNEXPLAINED = "late or offline", "dedup failures", "unexplained"
ABSENT, QUIET, TAG_ONLY = (
    "no tag on the page",
    "silent browsers",
    "seen by the tag alone",
)
CAUSES = (
    *(BLOCKED, ABSENT, QUIET, TAG_ONLY, ROUTE, COOKIE, DEVICES, CONSENT, LATE, DEDUP),
    UNEXPLAINED,
)


def none(name: str, evidence: str, remedy: str) -> Cause:
    """Return a step that nothing speaks for; `remedy` is what would."""
    return Cause(
        name=name, n=0, low=0, high=0, certainty=Certainty.NONE, evidence=evidence,
        remedy=remedy,
    )  # fmt: skip


def not_here(name: str, evidence: str) -> Cause:
    """Return a step that has no place at this level."""
    cause = none(name, evidence, "")
    return replace(cause, certainty=Certainty.NOT_HERE)


def counted(name: str, n: int, evidence: str, remedy: str = "") -> Cause:
    """Return a step that was counted one by one."""
    return Cause(
        name=name, n=n, low=n, high=n, certainty=Certainty.EXACT, evidence=evidence,
        remedy=remedy if n else "",
    )  # fmt: skip
