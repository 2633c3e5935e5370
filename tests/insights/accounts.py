"""Accounts of a few numbers, for rules."""

from datetime import date

from forwarder.core.kpi import Counts
from forwarder.insights.account_rules import AccountView, Outside
from forwarder.insights.board import Facts
from forwarder.insights.period import Compared, month_of
from forwarder.insights.thresholds import Thresholds

LIMITS = Thresholds()
OCTOBER = month_of(date(2026, 10, 1))


def counts(
    impressions: int = 0, pin_clicks: int = 0, outbound: int = 0, saves: int = 0
) -> Counts:
    return Counts(impressions, pin_clicks, outbound, saves)


def view(
    before: Counts,
    now: Counts,
    *,
    recent: Counts | None = None,
    clicks: tuple[int, ...] = (),
    outside: Outside | None = None,
    limits: Thresholds = LIMITS,
) -> AccountView:
    return AccountView(
        now=now,
        before=before,
        recent=now if recent is None else recent,
        pin_clicks_out=clicks,
        outside=Outside() if outside is None else outside,
        limits=limits,
    )


def facts(
    now: Counts | None = None,
    before: Counts | None = None,
    pins: dict[str, Counts] | None = None,
) -> Facts:
    return Facts(
        month=OCTOBER,
        account=Compared(
            now=Counts() if now is None else now,
            before=Counts() if before is None else before,
            n_days=0 if now is None else 31,
            n_days_before=0 if before is None else 30,
            is_partial=False,
        ),
        recent=Counts() if now is None else now,
        pins={} if pins is None else pins,
        daily_clicks={},
        outside=Outside(),
        settled_on=None if now is None else date(2026, 10, 31),
    )
