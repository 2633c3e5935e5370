"""What would have to be wrong for the verdict to change."""

from collections.abc import Mapping
from dataclasses import dataclass

from forwarder.reconcile.compare import Estimate
from forwarder.reconcile.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Tipping:
    """How far the tag's number would have to be off, beyond what is assumed.

    Units: `share` of the tag's number; +0.12 means that it would have to be 12% higher
    than the report shows, which no assumption of the table allows.
    """

    share: float
    verdict: Verdict  # what the verdict would be no longer

    @property
    def sentence(self) -> str:
        """Say it in words."""
        way = "too low" if self.share > 0 else "too high"
        return (
            f'The verdict "{self.verdict.value}" would change if the tag\'s number was '
            f"{abs(self.share):.0%} {way} for a reason that the table does not hold."
        )


def tipping(
    found: Mapping[str, Estimate], said: Verdict, tolerance: float
) -> Tipping | None:
    """Return the nearest turning point; None where the verdict is no verdict."""
    gap = found.get("gap")
    if gap is None:
        return None
    low, high = (1 - end for end in reversed(gap.bands["90"]))  # of the ratio
    if said is Verdict.AGREES:
        turns = [(1 - tolerance) / low - 1, (1 + tolerance) / high - 1]
    elif said is Verdict.DISAGREES and high < 1 - tolerance:
        turns = [(1 - tolerance) / max(high, 1e-9) - 1]
    elif said is Verdict.DISAGREES:
        turns = [(1 + tolerance) / low - 1]
    else:
        return None
    return Tipping(share=min(turns, key=abs), verdict=said)
