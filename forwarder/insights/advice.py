"""The sentences of the board, from `advice.toml`; anybody may edit that file."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from forwarder.insights.findings import Finding, RuleState

CARDS_MAX: Final = 3
BANDS: Final = "bands"  # the one table that is no rule
# What is wrong with the measurement comes first: creative work on top of it is blind.
ORDER: Final = (
    "clicks_missing_on_site",
    "tag_low_attribution",
    "distribution_collapse",
    "creative_friction",
    "ocr_drop",
    "value_mismatch",
    "almost_famous",
    "close_ups_without_clicks",
    "high_impressions_low_clicks",
    "high_saves_low_conversions",
    "low_save_rate",
    "low_close_up",
    "decay",
    "top3_concentration",
    "top10_concentration",
    "vanity_growth",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What is said about one rule."""

    title: str
    action: str
    hypothesis: str
    creative: str
    measurement: str
    variable: str
    objective: str


@cache
def _told() -> Mapping[str, Mapping[str, Any]]:
    text = files("forwarder.insights").joinpath("advice.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def advice() -> Mapping[str, Advice]:
    """Return the sentences by rule."""
    return {rule: Advice(**told) for rule, told in _told().items() if rule != BANDS}


def band_advice(metric: str, band: str | None) -> str:
    """Return what a band of a rate asks for; empty where nothing is said."""
    told: Mapping[str, str] = _told()[BANDS].get(metric, {})
    return "" if band is None else told.get(band, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One thing to do next: the rule, its evidence, what to test."""

    rule: str
    findings: Sequence[Finding]
    advice: Advice


def do_next(findings: Sequence[Finding]) -> list[Card]:
    """Return at most three cards, one per rule; what is confirmed goes first."""
    fired: dict[str, list[Finding]] = {}
    for one in findings:
        if one.state is RuleState.FIRED:
            fired.setdefault(one.rule, []).append(one)
    ranked = sorted(
        fired, key=lambda rule: (not _is_confirmed(fired[rule]), ORDER.index(rule))
    )
    return [
        Card(rule=rule, findings=_by_weight(fired[rule]), advice=advice()[rule])
        for rule in ranked[:CARDS_MAX]
    ]


def _is_confirmed(findings: Sequence[Finding]) -> bool:
    return any(one.is_confirmed for one in findings)


def _by_weight(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Return what is confirmed first, then where most is to be won."""
    return sorted(findings, key=lambda one: (not one.is_confirmed, -_weight(one)))


def _weight(one: Finding) -> float:
    known = (one.numbers.get(name) for name in ("missed_clicks", "impressions"))
    return max((float(value) for value in known if value is not None), default=0.0)
