"""Query parameters of the reporting endpoints, and the checks they all begin with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from flask import Response, request

from forwarder.sandbox.box import Box, bearer
from forwarder.sandbox.limits import Rule
from forwarder.sandbox.mischief import suffer
from forwarder.sandbox.replies import Reply

Args = Mapping[str, str]
GRANULARITIES = ("TOTAL", "DAY", "HOUR", "WEEK", "MONTH")
_WINDOW_DAYS = ("0", "1", "7", "14", "30", "60")
_ENUMS: Mapping[str, Sequence[str]] = {
    "granularity": GRANULARITIES,
    "click_window_days": _WINDOW_DAYS,
    "engagement_window_days": _WINDOW_DAYS,
    "view_window_days": _WINDOW_DAYS,
    "conversion_report_time": ("TIME_OF_AD_ACTION", "TIME_OF_CONVERSION"),
    "reporting_timezone": ("PINTEREST_TIME_ZONE", "AD_ACCOUNT_TIME_ZONE"),
    "from_claimed_content": ("OTHER", "CLAIMED", "BOTH"),
    "app_types": ("ALL", "MOBILE", "TABLET", "WEB"),
    "content_type": ("ALL", "PAID", "ORGANIC"),
    "source": ("ALL", "YOUR_PINS", "OTHER_PINS"),
}


class BadQuery(ValueError):
    """A parameter is missing or out of bounds: Pinterest's own 400 follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far back a report may start and how long it may be. Units: days."""

    back_days: int
    span_days: int


SYNC = Reach(back_days=90, span_days=90)
ASYNC = Reach(back_days=914, span_days=186)
_HOURLY = Reach(back_days=8, span_days=3)


def today(box: Box) -> date:
    """Return the sandbox's present day in UTC."""
    return datetime.fromtimestamp(box.clock(), UTC).date()


def period(args: Args, reach: Reach, on: date) -> tuple[date, date]:
    """Return first and last day. Raises: BadQuery when out of reach."""
    if args.get("granularity") == "HOUR":
        reach = _HOURLY
    try:
        start = date.fromisoformat(args["start_date"])
        end = date.fromisoformat(args["end_date"])
    except (KeyError, ValueError):
        raise BadQuery("start_date and end_date must be YYYY-MM-DD") from None
    if end < start or (end - start) > timedelta(days=reach.span_days):
        raise BadQuery("end_date is too far from start_date")
    if start < on - timedelta(days=reach.back_days):
        raise BadQuery("start_date is too far back")
    return start, end


def need(args: Args, *names: str) -> None:
    """Return if every named parameter is there. Raises: BadQuery."""
    for name in names:
        if not args.get(name):
            raise BadQuery(f"{name} is required")


def check_words(args: Args) -> None:
    """Return if every known parameter has a known word. Raises: BadQuery."""
    for name, words in _ENUMS.items():
        if name in args and args[name] not in words:
            raise BadQuery(f"{name} must be one of {', '.join(words)}")
    asked = ("click_window_days", "engagement_window_days", "view_window_days")
    windows = [int(args[name]) for name in asked if name in args]
    if windows != sorted(windows, reverse=True):
        raise BadQuery("the click window must not be shorter than the others")


def listed(args: Args, name: str) -> list[str]:
    """Return a comma-separated parameter as a list."""
    return [word.strip() for word in args.get(name, "").split(",") if word.strip()]


def report_call(
    box: Box, ad_account_id: str | None, answer: Callable[[], Reply]
) -> Response:
    """Answer a reporting call after token, account, rate limit and faults."""
    return suffer(
        box.faults.take("reports"),
        box,
        lambda: _checked(box, ad_account_id, answer),
        lambda _status: None,
    )


def _checked(box: Box, ad_account_id: str | None, answer: Callable[[], Reply]) -> Reply:
    token, now_s = bearer(request), box.clock()
    rule = Rule(
        name="ads_analytics", limit=box.options.report_rate_per_minute, window_s=60
    )
    allowance = box.limits.take(rule, token, now_s)
    reply = box.refusal_of_token(token, is_report=True)
    if reply is None and ad_account_id is not None:
        reply = box.refusal_of_account(ad_account_id)
        reply = reply or box.refusal_of_access(ad_account_id)
    if reply is None:
        reply = box.too_many(allowance, now_s) if allowance.is_exceeded else answer()
    return reply.with_headers(allowance.headers())
