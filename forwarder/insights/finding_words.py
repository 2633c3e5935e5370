"""What the rules found, in words: the same in the terminal and in the console."""

from collections.abc import Mapping
from typing import Final

from forwarder.insights.findings import Finding, RuleState

STATES: Final[Mapping[RuleState, str]] = {
    RuleState.FIRED: "fired",
    RuleState.WEAK_SIGNAL: "weak signal",
    RuleState.NOT_FIRED: "not fired",
    RuleState.INSUFFICIENT_DATA: "not enough data",
}
# What is not here is a count, called by its name.
FORMS: Final[Mapping[str, str]] = {
    "ocr_change": "outbound click rate {:+.1%}",
    "impressions_change": "impressions {:+.1%}",
    "clicks_change": "outbound clicks {:+.1%}",
    "conversions_change": "conversions {:+.1%}",
    "save_change": "saving {:+.1%}",
    "probability": "probability {:.0%}",
    "save_rate": "save rate {:.2%}",
    "close_up_rate": "close-up rate {:.2%}",
    "median": "median of the Pins {:.2%}",
    "share": "{:.1%} of the clicks",
    "effective_pins": "as many as {:,.0f} equal Pins",
    "capture_ratio": "{:.0%} of Pinterest's clicks arrived",
    "red_audits": "red link audits {:,.0f}",
    "ratio": "{:.2f} events of the server for one of the tag",
    "click_window": "{:.0f}-day click window",
    "view_window": "{:.0f}-day view window",
    "missed_clicks": "about {:,.0f} clicks missed",
    "peak_per_week": "{:,.0f} clicks a week at the peak",
    "half_life_weeks": "half of them after {:.1f} weeks",
}


def number_text(one: Finding) -> str:
    """Return the numbers that a finding stands on, in words."""
    return ", ".join(
        FORMS.get(name, f"{name.replace('_', ' ')} {{:,.0f}}").format(float(value))
        for name, value in one.numbers.items()
        if value is not None
    )
