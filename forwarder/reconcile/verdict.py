"""The verdict on a month, and the grade of the evidence it stands on."""

from collections.abc import Mapping
from enum import StrEnum

from forwarder.reconcile.compare import Estimate

FEW = 30  # conversions below which no single number is given


class Verdict(StrEnum):
    """What the month says, at the tolerance that was set."""

    AGREES = "agrees"
    DISAGREES = "does not agree"
    TOO_FEW = "too little traffic to tell"
    CANNOT_TELL = "cannot tell"  # traffic suffices, the assumptions are too wide
    NOTHING = "nothing to compare"


class Grade(StrEnum):
    """What evidence a band stands on, A best."""

    A = "A"  # order ledger and mirrored tag
    B = "B"  # mirrored tag
    C = "C"  # the tag's daily totals and our own clicks and conversions
    D = "D"  # totals only


def verdict(
    found: Mapping[str, Estimate], hidden: tuple[float, float], tolerance: float
) -> Verdict:
    """Return what the 90% band of the gap says at a tolerance: an equivalence test."""
    gap = found.get("gap")
    if gap is None:
        return Verdict.NOTHING
    low, high = gap.bands["90"]
    if -tolerance <= low and high <= tolerance:
        return Verdict.AGREES
    if low > tolerance or high < -tolerance:
        return Verdict.DISAGREES
    if gap.n < FEW:
        return Verdict.TOO_FEW
    best, worst = 1 - (1 - gap.value) / hidden[0], 1 - (1 - gap.value) / hidden[1]
    decided = max(abs(best), abs(worst)) <= tolerance
    decided = decided or best > tolerance or worst < -tolerance
    return Verdict.TOO_FEW if decided else Verdict.CANNOT_TELL
