"""One kind at one level, cut to the days compared and counted by one set of rules."""

from collections.abc import Mapping
from dataclasses import dataclass

from forwarder.core.event import Kind
from forwarder.core.reports import Definitions, Level
from forwarder.reconcile.align import Aligned, Period
from forwarder.reconcile.evidence import Evidence
from forwarder.reconcile.log import IntArray, Log
from forwarder.reconcile.pairs import Pairs
from forwarder.reconcile.tag_days import TagTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a comparison is made from. The tag's side is `pairs` or else `tag`, if any.

    `first_whole_day` is the first day of the month on which our log was kept.
    """

    kind: Kind
    level: Level
    tag: TagTotals | None
    pairs: Pairs | None
    definitions: Definitions
    period: Period
    currency: str | None
    currencies: Mapping[str, int]
    log: Log
    aligned: Aligned
    evidence: Evidence
    first_whole_day: int

    @property
    def n_tag(self) -> int | None:
        """How many the tag's side holds; None when it says nothing."""
        if self.pairs is not None:
            return self.pairs.n_tag
        return None if self.tag is None else self.tag.n

    @property
    def tag_value(self) -> float | None:
        """What they are worth; None when not told."""
        if self.pairs is None:
            return None if self.tag is None else self.tag.value
        return None if self.pairs.n_untold else sum(self.pairs.worth.sums[:2])

    @property
    def daily_tag(self) -> IntArray | None:
        """The tag's counts by day; None when it says nothing."""
        if self.pairs is not None:
            return self.pairs.daily_tag
        return None if self.tag is None else self.tag.daily_count

    @property
    def ledger_total(self) -> int | None:
        """What the shop counted, where that is the same question."""
        whole = self.period.n_compared == self.period.n_days
        is_same = self.level is Level.DELIVERY and whole
        return self.evidence.ledger_total if is_same else None
