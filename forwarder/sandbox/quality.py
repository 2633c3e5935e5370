"""Tag health: the conversion tags and the event quality score."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson
from flask import Blueprint, Response, request

from forwarder.sandbox.box import Box
from forwarder.sandbox.queries import report_call, today
from forwarder.sandbox.replies import Reply, error, json_reply
from forwarder.sandbox.tallies import API, TAG

_SOURCES = (TAG, "MMP", "FILE_UPLOAD", API, "NATIVE")
_LOOKBACK_DAYS = {"1d": 1, "14d": 14}
_TAG_ID = "2610000000001"
_GOOD_PERCENT, _FAIR_PERCENT = 75, 40
_Event = Mapping[str, Any]


def _user(key: str) -> Callable[[_Event], object]:
    return lambda event: event["user_data"].get(key)


def _custom(*keys: str) -> Callable[[_Event], object]:
    return lambda event: any((event.get("custom_data") or {}).get(key) for key in keys)


_COMPONENTS: Mapping[str, Callable[[_Event], object]] = {
    "hashed_email": _user("em"),
    "hashed_maid": _user("hashed_maids"),
    "ip_address": _user("client_ip_address"),
    "user_agent": _user("client_user_agent"),
    "click_id_epik": _user("click_id"),
    "advertiser_external_id": _user("external_id"),
    "external_event_id": lambda event: event["event_id"],
    "order_id": _custom("order_id"),
    "order_value": _custom("value"),
    "product_id": _custom("content_ids", "contents"),
    "source_url": lambda event: event.get("event_source_url"),
}


def quality_routes(box: Box) -> Blueprint:
    """Return the routes that say how well the tag and the server send."""
    routes = Blueprint("quality", __name__)

    @routes.get("/v5/ad_accounts/<ad_account_id>")
    def account(ad_account_id: str) -> Response:
        return report_call(box, ad_account_id, lambda: _account(ad_account_id))

    @routes.get("/v5/ad_accounts/<ad_account_id>/conversion_tags")
    def tags(ad_account_id: str) -> Response:
        return report_call(box, ad_account_id, lambda: _tags(box, ad_account_id))

    @routes.get("/v5/ad_accounts/<ad_account_id>/conversion_eqs")
    def scores(ad_account_id: str) -> Response:
        return report_call(box, ad_account_id, lambda: _scores(box, ad_account_id))

    return routes


def _account(ad_account_id: str) -> Reply:
    return json_reply(
        {
            "id": ad_account_id,
            "name": "Sandbox account",
            "owner": {"username": "sandbox"},
            "country": "DE",
            "currency": "EUR",
            "permissions": ["OWNER"],
        }
    )


def _tags(box: Box, ad_account_id: str) -> Reply:
    days = [day.on for day in box.books.tag_days() if day.count]
    last = datetime.combine(max(days), time(23, 59), UTC) if days else None
    tag = {
        "id": _TAG_ID,
        "ad_account_id": ad_account_id,
        "name": "Sandbox tag",
        "status": "ACTIVE",
        "version": "3",
        "code_snippet": "<script></script>",
        "enhanced_match_status": "UNKNOWN",
        "last_fired_time_ms": int(last.timestamp() * 1000) if last else None,
        "configs": {"aem_enabled": False, "md_frequency": 1},
    }
    return json_reply({"items": [tag], "bookmark": None})


def _scores(box: Box, ad_account_id: str) -> Reply:
    lookback = request.args.get("lookback_period", "")
    source = request.args.get("ingestion_source")
    if lookback not in _LOOKBACK_DAYS or (source or TAG) not in _SOURCES:
        return error(400, 2, "Invalid conversion EQS parameters.")
    since = today(box) - timedelta(days=_LOOKBACK_DAYS[lookback])
    overlaps = _overlaps(box, since)
    found = {
        API: _api_components(box, ad_account_id, since, overlaps),
        TAG: _tag_components(overlaps),
    }
    wanted = [source] if source else [TAG, API]
    return json_reply(
        [_score(name, lookback, found[name]) for name in wanted if found.get(name)]
    )


def _overlaps(box: Box, since: date) -> dict[str, tuple[int, int]]:
    """Return per event name what the tag saw, and what of it the server sent too."""
    counts: dict[str, tuple[int, int]] = {}
    for day in box.books.tag_days():
        if day.on >= since:
            n_seen, n_both = counts.get(day.kind, (0, 0))
            counts[day.kind] = (n_seen + day.count, n_both + day.overlap)
    return counts


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def _api_components(
    box: Box, ad_account_id: str, since: date, overlaps: Mapping[str, tuple[int, int]]
) -> dict[str, dict[str, dict[str, float]]]:
    since_s = datetime.combine(since, time(), UTC).timestamp()
    events: defaultdict[str, list[_Event]] = defaultdict(list)
    for kept in box.ledger.kept(ad_account_id):
        event = orjson.loads(kept.raw)
        if event["event_time"] >= since_s:
            events[event["event_name"]].append(event)
    components = {
        name: {
            kind: {"coverage": _coverage(has, some)} for kind, some in events.items()
        }
        for name, has in _COMPONENTS.items()
    }
    for kind, some in events.items():
        n_both = overlaps.get(kind, (0, 0))[1]
        components["external_event_id"][kind]["overlap"] = _percent(n_both, len(some))
    return components if events else {}


def _coverage(has: Callable[[_Event], object], events: Sequence[_Event]) -> float:
    return _percent(sum(bool(has(event)) for event in events), len(events))


def _tag_components(
    overlaps: Mapping[str, tuple[int, int]],
) -> dict[str, dict[str, dict[str, float]]]:
    if not overlaps:
        return {}
    return {
        "external_event_id": {
            kind: {"coverage": 100.0, "overlap": _percent(n_both, n_seen)}
            for kind, (n_seen, n_both) in overlaps.items()
        }
    }


def _score(
    source: str, lookback: str, components: Mapping[str, Mapping[str, Any]]
) -> dict[str, object]:
    emails = components.get("hashed_email", components["external_event_id"])
    lowest = min(entry["coverage"] for entry in emails.values())
    status = "GOOD" if lowest >= _GOOD_PERCENT else "NEEDS_IMPROVEMENT"
    if _FAIR_PERCENT <= lowest < _GOOD_PERCENT:
        status = "FAIR"
    return {
        "overall_status": status,
        "ingestion_source": source,
        "source_platform": "WEB",
        "lookback_period": lookback,
        "quality_components": components,
    }
