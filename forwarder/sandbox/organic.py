"""Organic analytics: the account, its top Pins, one Pin, many Pins."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, request

from forwarder.sandbox.books import OrganicDay
from forwarder.sandbox.box import Box
from forwarder.sandbox.queries import (
    SYNC,
    BadQuery,
    check_words,
    listed,
    need,
    period,
    report_call,
    today,
)
from forwarder.sandbox.replies import Reply, error, json_reply

_ACCOUNT_METRICS = (
    *("ENGAGEMENT", "ENGAGEMENT_RATE", "IMPRESSION", "OUTBOUND_CLICK"),
    *("OUTBOUND_CLICK_RATE", "PIN_CLICK", "PIN_CLICK_RATE", "SAVE", "SAVE_RATE"),
)
_VIDEO_METRICS = (
    *("VIDEO_MRC_VIEW", "VIDEO_10S_VIEW", "QUARTILE_95_PERCENT_VIEW", "VIDEO_START"),
    *("VIDEO_V50_WATCH_TIME", "VIDEO_AVG_WATCH_TIME"),
)
_PIN_METRICS = (
    *("IMPRESSION", "OUTBOUND_CLICK", "PIN_CLICK", "SAVE", "SAVE_RATE"),
    *("TOTAL_COMMENTS", "TOTAL_REACTIONS", "USER_FOLLOW", "PROFILE_VISIT"),
    *_VIDEO_METRICS,
)
_SORTS = ("ENGAGEMENT", "IMPRESSION", "OUTBOUND_CLICK", "PIN_CLICK", "SAVE")
_VIDEO_SORTS = ("IMPRESSION", "SAVE", "OUTBOUND_CLICK", *_VIDEO_METRICS)
_ACCOUNT_SPLITS = ("NO_SPLIT", "APP_TYPE", "OWNED_CONTENT", "SOURCE", "PIN_FORMAT")
_PIN_SPLITS = ("NO_SPLIT", "APP_TYPE")
_PINS_MAX = 50
_PIN_IDS_MAX = 100
_BAD_ACCOUNT = "Invalid user accounts analytics parameters."
_BAD_PINS = "Invalid pins analytics parameters."
_BAD_MANY = "Invalid multi_pins analytics parameters."
_BAD_LIST = "Invalid list parameters."
_FRESH_DAYS = 30
_PAGE_MAX = 250


def organic_routes(box: Box) -> Blueprint:
    """Return the routes that the KPI board reads."""
    routes = Blueprint("organic", __name__, url_prefix="/v5")

    def route(path: str, answer: Callable[..., Reply], code: int, bad: str) -> None:
        def checked(**ids: str) -> Reply:
            try:
                return answer(box, **ids)
            except BadQuery:
                return error(400, code, bad)

        def view(**ids: str) -> Response:
            return report_call(box, None, lambda: checked(**ids))

        routes.add_url_rule(path, path, view)

    top = "/user_account/analytics/top_"
    route("/user_account/analytics", _account, 400, _BAD_ACCOUNT)
    route(f"{top}pins", lambda box: _top(box, _SORTS), 400, _BAD_ACCOUNT)
    route(f"{top}video_pins", lambda box: _top(box, _VIDEO_SORTS), 400, _BAD_ACCOUNT)
    route("/pins/<pin_id>/analytics", _pin, 400, _BAD_PINS)
    route("/pins/analytics", _pins, 1, _BAD_MANY)
    route("/pins", lambda box: _list(box, "pins"), 1, _BAD_LIST)
    route("/boards", lambda box: _list(box, "boards"), 1, _BAD_LIST)
    return routes


def _metrics(known: Sequence[str]) -> list[str]:
    asked = listed(request.args, "metric_types") or list(known)
    if not set(asked) <= set(known):
        raise BadQuery("metric_types")
    return asked


def _check_split(splits: Sequence[str]) -> None:
    # A split needs data the seeded log does not hold: only its name is checked.
    if request.args.get("split_field", "NO_SPLIT") not in splits:
        raise BadQuery("split_field")


def _days(box: Box) -> list[OrganicDay]:
    check_words(request.args)
    start, end = period(request.args, SYNC, today(box))
    app_type = request.args.get("app_types", "ALL")
    return [
        day
        for day in box.books.organic_days()
        if start <= day.on <= end and day.app_type == app_type
    ]


def _account(box: Box) -> Reply:
    _check_split(_ACCOUNT_SPLITS)
    names = _metrics(_ACCOUNT_METRICS)
    days = [day for day in _days(box) if day.pin_id is None]
    return json_reply({"all": _group(days, names)})


def _pin(box: Box, pin_id: str) -> Reply:
    need(request.args, "metric_types")
    _check_split(_PIN_SPLITS)
    names = _metrics(_PIN_METRICS)
    within = _days(box)
    if not _of_pin(box.books.organic_days(), pin_id):
        return error(404, 404, "Pin not found.")
    return json_reply({"all": _pin_group(box, within, pin_id, names)})


def _pins(box: Box) -> Reply:
    need(request.args, "pin_ids", "metric_types")
    names, within = _metrics(_PIN_METRICS), _days(box)
    pin_ids = listed(request.args, "pin_ids")
    if len(pin_ids) > _PIN_IDS_MAX or not all(pin.isdecimal() for pin in pin_ids):
        raise BadQuery("pin_ids")
    if not all(_of_pin(box.books.organic_days(), pin_id) for pin_id in pin_ids):
        return error(404, 50, "Pin not found.")
    return json_reply(
        {pin_id: {"all": _pin_group(box, within, pin_id, names)} for pin_id in pin_ids}
    )


def _of_pin(days: Iterable[OrganicDay], pin_id: str) -> list[OrganicDay]:
    return [day for day in days if day.pin_id == pin_id]


def _pin_group(
    box: Box, within: Sequence[OrganicDay], pin_id: str, names: Sequence[str]
) -> dict[str, Any]:
    ever = _of_pin(box.books.organic_days(), pin_id)
    lifetime = {key: int(value) for key, value in _sums(ever).items()}
    return {**_group(_of_pin(within, pin_id), names), "lifetime_metrics": lifetime}


def _group(days: Sequence[OrganicDay], names: Sequence[str]) -> dict[str, Any]:
    daily = [
        {
            "date": day.on.isoformat(),
            "data_status": day.data_status,
            "metrics": _chosen(day.metrics, names),
        }
        for day in sorted(days, key=lambda day: day.on)
    ]
    return {"daily_metrics": daily, "summary_metrics": _chosen(_sums(days), names)}


def _sums(days: Iterable[OrganicDay]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for day in days:
        for name, value in day.metrics.items():
            if not name.endswith("_RATE"):
                sums[name] += value  # type: ignore[assignment]
    return sums


def _chosen(metrics: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """Return the asked metrics; rates are fractions of the impressions."""
    chosen = {}
    for name in names:
        base = name.removesuffix("_RATE")
        if name == base and name in metrics:
            chosen[name] = metrics[name]
        elif name != base and metrics.get("IMPRESSION") and base in metrics:
            chosen[name] = metrics[base] / metrics["IMPRESSION"]
    return chosen


def _top(box: Box, sorts: Sequence[str]) -> Reply:
    need(request.args, "sort_by")
    sort_by, n_pins = request.args["sort_by"], request.args.get("num_of_pins", "10")
    if sort_by not in sorts or not n_pins.isdecimal():
        raise BadQuery("sort_by or num_of_pins")
    if not 1 <= int(n_pins) <= _PINS_MAX:
        raise BadQuery("num_of_pins")
    names = _metrics(_ACCOUNT_METRICS if sorts is _SORTS else _VIDEO_SORTS)
    days = [day for day in _days(box) if day.pin_id is not None]
    pin_ids = {day.pin_id for day in days if day.pin_id is not None} - _old(box)
    pins = {pin_id: _sums(_of_pin(days, pin_id)) for pin_id in pin_ids}
    best = sorted(pins, key=lambda pin: (-pins[pin][sort_by], pin))[: int(n_pins)]
    return json_reply(
        {
            "date_availability": _availability(days),
            "sort_by": sort_by,
            "pins": [_top_pin(pin, pins[pin], names) for pin in best],
        }
    )


def _old(box: Box) -> set[str]:
    """Return the Pins that are too old for the list of fresh ones, if that is asked."""
    asked = request.args.get("created_in_last_n_days")
    if asked is None:
        return set()
    if asked != str(_FRESH_DAYS):
        raise BadQuery("created_in_last_n_days")
    since = (today(box) - timedelta(days=_FRESH_DAYS)).isoformat()
    return {
        str(pin["id"])
        for pin in box.books.listed("pins")
        if str(pin.get("created_at", "")) < since
    }


def _list(box: Box, kind: str) -> Reply:
    """Answer with one page of Pins or boards; the bookmark is where the next begins."""
    size, start = request.args.get("page_size", "25"), request.args.get("bookmark", "0")
    if not (size.isdecimal() and start.isdecimal() and 1 <= int(size) <= _PAGE_MAX):
        raise BadQuery("page_size or bookmark")
    found, first = box.books.listed(kind), int(start)
    more = first + int(size)
    bookmark = str(more) if more < len(found) else None
    return json_reply({"items": found[first:more], "bookmark": bookmark})


def _availability(days: Sequence[OrganicDay]) -> dict[str, object]:
    last = max((day.on for day in days), default=None)
    at = datetime.combine(last, time(23, 59), UTC).timestamp() if last else 0
    return {"latest_available_timestamp": int(at * 1000), "is_realtime": False}


def _top_pin(
    pin_id: str, sums: Mapping[str, float], names: Sequence[str]
) -> dict[str, object]:
    metrics = _chosen(sums, names)
    return {
        "pin_id": pin_id,
        "metrics": metrics,
        "data_status": dict.fromkeys(metrics, "READY"),
    }
