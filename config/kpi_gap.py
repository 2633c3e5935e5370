"""How far apart the counts of Pinterest, the tag and the server may be."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.kpi_sources import KpiSources
from config.values import Told, told


def percent(text: str, least: int) -> Mapping[str, Told]:
    """Return how a share is told: a whole number of per cent, at most 100."""
    return told(text, unit="per cent", least=least, most=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiGap(KpiSources):
    """What the measurement rules of the KPI board compare with."""

    capture_min_percent: int = field(
        default=80,
        metadata=told(
            "Fewer clicks that arrive are missing on the site.",
            unit="per cent of outbound clicks",
            least=1,
            most=100,
        ),
    )
    capture_max_percent: int = field(
        default=120,
        metadata=told(
            "More clicks that arrive come from elsewhere as well.",
            unit="per cent of outbound clicks",
            least=100,
        ),
    )
    tag_ratio_percent: int = field(
        default=120,
        metadata=told(
            "More server events than that mean the tag sees too little.",
            unit="per cent of the tag's events",
            least=100,
        ),
    )
    gap_percent: int = field(
        default=20,
        metadata=percent(
            "A tag that misses more of what the server saw is not enough.", least=1
        ),
    )
    gap_min_orders: int = field(
        default=100,
        metadata=told(
            "With fewer that gap is not judged.", unit="conversions a month", least=1
        ),
    )
    band_min_percent: int = field(
        default=10,
        metadata=percent("Two counts that differ by less agree.", least=0),
    )
    band_max_percent: int = field(
        default=20,
        metadata=percent(
            "Of orders so few that chance alone does more, nothing is said.", least=1
        ),
    )
    band_routing_percent: int = field(
        default=0,
        metadata=percent(
            "What the way to the shop may cost beside chance, if it is known.", least=0
        ),
    )
