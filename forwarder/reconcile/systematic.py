"""What daily totals cannot show, written down as ranges that can be argued about.

Each part says by how much the tag's number may be inflated or deflated beside ours.
The band is only as good as this table, so it is printed with every report.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import prod

from forwarder.core.reports import Definitions, Level, Measures
from forwarder.reconcile.bands import Band


class Evidence(StrEnum):
    """Whether a range was measured on this shop, only assumed, or has no place here."""

    MEASURED = "measured"
    ASSUMED = "assumed"
    NOT_APPLICABLE = "n/a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One reason why the tag's number may be too high or too low.

    Units: `low` and `high` are shares of the tag's number: +0.03 is 3% too high.
    """

    name: str
    low: float
    high: float
    evidence: Evidence = Evidence.ASSUMED
    source: str = "default of the method"

    def __post_init__(self) -> None:
        """Refuse a range that is upside down or takes away more than everything."""
        if not -1 < self.low <= self.high:
            raise ValueError(f"{self.name}: the range must rise and stay above -1")


DOUBLE_COUNT = "double count"
CROSS_DEVICE = "cross-device credit"
VIEW_CREDIT = "view credit"
ROUTING = "routing"
MATURITY = "late maturity"
DRIFT = "definition drift"
PART_NAMES = (DOUBLE_COUNT, CROSS_DEVICE, VIEW_CREDIT, ROUTING, MATURITY, DRIFT)

_CLICK_ONLY = "the report counts clicks only"
_LEVEL = "nothing is credited at delivery level"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What decides the default ranges.

    Units: `multi_hop_share` of our conversions came over more than one redirect;
    None when the route is not known.
    """

    level: Level
    measures: Measures
    definitions: Definitions
    is_final: bool
    multi_hop_share: float | None = None


def parts_for(
    circumstances: Circumstances, measured: Mapping[str, Part] | None = None
) -> tuple[Part, ...]:
    """Return the table of parts: a measured one replaces the default of its name.

    Raises: ValueError when a measured part has no place in the table.
    """
    own = {} if measured is None else measured
    unknown = ", ".join(sorted({*own}.difference(PART_NAMES)))
    if unknown:
        raise ValueError(f"measured parts: not known: {unknown}")
    table = (
        _double_count(),
        _cross_device(circumstances),
        _view_credit(circumstances),
        _routing(circumstances),
        _maturity(circumstances),
        _exact(DRIFT, "our log is counted by the report's rules"),
    )
    return tuple(own.get(part.name, part) for part in table)


def factor(parts: Sequence[Part]) -> Band:
    """Return the range of the product of all parts, as (1 + low, 1 + high)."""
    return prod(1 + part.low for part in parts), prod(1 + part.high for part in parts)


def _exact(name: str, source: str) -> Part:
    return Part(name=name, low=0, high=0, evidence=Evidence.MEASURED, source=source)


def _not_asked(name: str) -> Part:
    evidence = Evidence.NOT_APPLICABLE
    return Part(name=name, low=0, high=0, evidence=evidence, source=_LEVEL)


def _double_count() -> Part:
    return Part(
        name=DOUBLE_COUNT, low=0, high=0.03, source="default: reloads, failed dedup"
    )


def _cross_device(circumstances: Circumstances) -> Part:
    if circumstances.level is Level.DELIVERY:
        return _not_asked(CROSS_DEVICE)
    return Part(
        name=CROSS_DEVICE, low=0, high=0.06, source="default: clicks on another device"
    )


def _view_credit(circumstances: Circumstances) -> Part:
    if circumstances.level is Level.DELIVERY:
        return _not_asked(VIEW_CREDIT)
    if circumstances.definitions.click_only:
        return _exact(VIEW_CREDIT, _CLICK_ONLY)
    return Part(
        name=VIEW_CREDIT,
        low=0,
        high=0.40,
        source="default: the report also credits views and engagements",
    )


def _routing(circumstances: Circumstances) -> Part:
    share = circumstances.multi_hop_share
    if circumstances.level is Level.DELIVERY:
        return _not_asked(ROUTING)
    if share is None:
        return Part(
            name=ROUTING, low=-0.05, high=0, source="default: the route is not known"
        )
    return Part(
        name=ROUTING,
        low=-0.05 * share,
        high=0,
        source=f"default -5%, times {share:.0%} not known to come over one hop",
    )


def _maturity(circumstances: Circumstances) -> Part:
    if circumstances.is_final:
        return _exact(MATURITY, "the click window has closed")
    return Part(
        name=MATURITY, low=-0.03, high=0, source="default: credit still comes in"
    )
