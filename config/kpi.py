"""The thresholds of the KPI board; docs/kpi.md tells where each comes from."""

from dataclasses import dataclass, field
from typing import Literal

from config.kpi_gap import KpiGap, percent
from config.values import told


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi(KpiGap):
    """What the rules of the KPI board compare with; see docs/kpi.md."""

    period: Literal["calendar_month", "trailing_28d", "trailing_30d"] = field(
        default="calendar_month",
        metadata=told(
            "What a board compares with the time before: calendar months, or the 28 or "
            "30 days that end with the month's last settled one."
        ),
    )
    settle_days: int = field(
        default=2,
        metadata=told(
            "Days after which Pinterest's counts no longer move.",
            unit="days",
            least=0,
            most=30,
        ),
    )
    save_rate_denominator: Literal["impressions", "closeups"] = field(
        default="impressions",
        metadata=told(
            "What a save rate is counted per. The bands are per impression; per "
            "close-up none is shown."
        ),
    )
    ocr_low_per_100k: int = field(
        default=100,
        metadata=told(
            "Below, an outbound click rate is low.",
            unit="outbound clicks per 100,000 impressions",
            least=0,
            most=100000,
        ),
    )
    ocr_high_per_100k: int = field(
        default=400,
        metadata=told(
            "Above, it is uncommon.",
            unit="outbound clicks per 100,000 impressions",
            least=0,
            most=100000,
        ),
    )
    save_low_per_100k: int = field(
        default=200,
        metadata=told(
            "Below, a save rate is low.",
            unit="saves per 100,000 impressions",
            least=0,
            most=100000,
        ),
    )
    save_high_per_100k: int = field(
        default=800,
        metadata=told(
            "Above, it is rare.",
            unit="saves per 100,000 impressions",
            least=0,
            most=100000,
        ),
    )
    duet_cut: Literal["low_break", "mid", "account_median"] = field(
        default="low_break",
        metadata=told(
            "Where high begins in the quadrant: at the low borders, in the middle of "
            "the bands, or at the account's own medians."
        ),
    )
    duet_min_impressions: int = field(
        default=1000,
        metadata=told(
            "A Pin shown less is not judged.", unit="impressions in 28 days", least=1
        ),
    )
    drop_percent: int = field(
        default=25,
        metadata=percent("A rate that falls by more has dropped.", least=0),
    )
    steady_percent: int = field(
        default=10,
        metadata=percent("Impressions that move by no more are steady.", least=0),
    )
    stable_percent: int = field(
        default=10,
        metadata=percent("Rates and clicks that move by no more are stable.", least=0),
    )
    value_mismatch_basis: Literal["save_rate", "saves"] = field(
        default="save_rate",
        metadata=told("What must fall for a value mismatch."),
    )
    value_mismatch_drop_percent: int = field(
        default=25,
        metadata=percent("By how much more than this.", least=0),
    )
    value_mismatch_stable_percent: int = field(
        default=10,
        metadata=percent(
            "How little the outbound click rate may move meanwhile.", least=0
        ),
    )
    confirm_percent: int = field(
        default=90,
        metadata=told(
            "How sure a finding must be to count as confirmed.",
            unit="per cent",
            least=50,
            most=99,
        ),
    )
    min_previous_clicks: int = field(
        default=20,
        metadata=told(
            "A month with fewer before the drop gives a weak signal only.",
            unit="clicks or saves",
            least=0,
        ),
    )
    min_impressions: int = field(
        default=3000,
        metadata=told(
            "A month, or 28 days, with fewer gives no level and no confirmed drop.",
            unit="impressions",
            least=1,
        ),
    )
    vanity_percent: int = field(
        default=25,
        metadata=told(
            "Impressions that grow by so much with nothing else are vanity.",
            unit="per cent",
            least=1,
        ),
    )
    collapse_percent: int = field(
        default=50,
        metadata=percent(
            "Impressions that fall by so much with stable rates are a distribution "
            "problem.",
            least=1,
        ),
    )
    close_up_percent: int = field(
        default=50,
        metadata=told(
            "A Pin with a lower close-up rate is scrolled past.",
            unit="per cent of the median",
            least=1,
            most=100,
        ),
    )
    top3_percent: int = field(
        default=60,
        metadata=told(
            "Three Pins with more carry the account.",
            unit="per cent of clicks",
            least=1,
            most=100,
        ),
    )
    top10_percent: int = field(
        default=70,
        metadata=told(
            "Ten Pins with more are a concentration risk.",
            unit="per cent of clicks",
            least=1,
            most=100,
        ),
    )
    concentration_min_clicks: int = field(
        default=50,
        metadata=told(
            "With fewer there is no concentration to speak of.",
            unit="outbound clicks in 28 days",
            least=1,
        ),
    )
    concentration_min_pins: int = field(
        default=10,
        metadata=told("The same.", unit="clicked Pins", least=1),
    )
    decay_percent: int = field(
        default=50,
        metadata=told(
            "A Pin whose week falls below has decayed.",
            unit="per cent of the peak",
            least=1,
            most=100,
        ),
    )
    decay_days: int = field(
        default=28,
        metadata=told("So soon after its peak.", unit="days", least=7, most=90),
    )
    decay_min_peak_clicks: int = field(
        default=20,
        metadata=told("A lower peak is none.", unit="outbound clicks a week", least=1),
    )
    almost_min_pin_clicks: int = field(
        default=50,
        metadata=told(
            "A Pin with fewer is not almost famous.",
            unit="Pin clicks in 28 days",
            least=1,
        ),
    )
    almost_prior: int = field(
        default=200,
        metadata=told(
            "How much the account's exit rate weighs against a Pin's own.",
            unit="Pin clicks",
            least=1,
        ),
    )
    almost_quartile_from_pins: int = field(
        default=20,
        metadata=told(
            "From so many on, only the quarter with most Pin clicks is looked at.",
            unit="Pins",
            least=1,
        ),
    )
    min_account_days: int = field(
        default=60,
        metadata=told(
            "A younger account is too young to be called healthy.",
            unit="days",
            least=14,
        ),
    )
    board_max_pins: int = field(
        default=200,
        metadata=told(
            "A board with more, each shown half as often as usual, is stuffed.",
            unit="Pins",
            least=1,
        ),
    )
    board_min_per_pin: int = field(
        default=2,
        metadata=told(
            "A top Pin on fewer is a point of the checklist.", unit="boards", least=1
        ),
    )
