"""What each estimate is called, what it is a number of, and how it is written."""

from dataclasses import dataclass

from forwarder.reconcile.capture import Assumed
from forwarder.reconcile.comparison import Comparison

USUALLY = Assumed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """The words of one estimate. `is_count` means conversions, else a share."""

    title: str
    unit: str
    is_count: bool = False


LABELS = {
    "gap": Label(title="gap in count", unit="share of our conversions"),
    "revenue_gap": Label(title="gap in value", unit="share of our value"),
    "net_recorded": Label(title="ours minus theirs", unit="conversions", is_count=True),
    "uplift": Label(title="uplift", unit="share of the tag's conversions"),
    "recovered": Label(
        title="recorded by our server alone", unit="conversions", is_count=True
    ),
    "N": Label(title="true total", unit="conversions", is_count=True),
    "tag_coverage": Label(title="coverage of the tag", unit="share of the ledger"),
    "server_coverage": Label(
        title="coverage of our server", unit="share of the ledger"
    ),
    "overlap": Label(title="seen by both", unit="share of all that were seen"),
    "id_match": Label(title="id-match rate", unit="share of the joined pairs"),
}
ASSUMED_SOURCES = {
    "or_range": "default: what hides a sale from one list often hides it from both",
    "link_failure_max": "default: pairs that share neither event id nor order",
    "duplicate_max": "default: sales that the tag counts twice without an order",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One row of the table that a band rests on."""

    name: str
    low: float
    high: float
    unit: str
    status: str
    source: str


def assumptions(c: Comparison) -> tuple[Assumption, ...]:
    """Return all that was assumed or measured for one comparison."""
    parts = [
        Assumption(
            name=part.name,
            low=part.low,
            high=part.high,
            unit="share of the tag's number",
            status=part.evidence.value,
            source=part.source,
        )
        for part in c.parts
    ]
    return (*parts, *_of_pairs(c))


def _of_pairs(c: Comparison) -> tuple[Assumption, ...]:
    if c.assumed is None:
        return ()
    links, twice = c.assumed.link_failure_max, c.assumed.duplicate_max
    found = (
        ("dependence of the lists", *c.assumed.or_range, "odds ratio", "or_range"),
        ("broken links", 0.0, links, "share of pairs", "link_failure_max"),
        ("double count", 0.0, twice, "share of the tag's number", "duplicate_max"),
    )
    return tuple(
        Assumption(
            name=name,
            low=low,
            high=high,
            unit=unit,
            status="assumed",
            source=_source(c.assumed, key),
        )
        for name, low, high, unit, key in found
    )


def _source(assumed: Assumed, name: str) -> str:
    is_usual = getattr(assumed, name) == getattr(USUALLY, name)
    return ASSUMED_SOURCES[name] if is_usual else "your settings, [reports]"
