"""The JSON of match quality: alike in the console and the command line."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from forwarder.pipeline.quality import Match
from forwarder.store.glance import Funnel
from forwarder.web.quality_words import sentence
from forwarder.web.shapes import moment


def quality_json(
    since: datetime, funnel: Funnel, found: Iterable[Match]
) -> dict[str, Any]:
    """Return what arrives and what became of it since a time. Units: shares, 0 to 1."""
    return {
        "since": moment(since),
        "funnel": funnel_json(funnel),
        "matches": [match_json(one) for one in found],
    }


def funnel_json(funnel: Funnel) -> dict[str, Any]:
    """Return the way from webhooks to deliveries; `fresh_share` null without one."""
    n = funnel.n_delivered
    return {
        "webhooks": funnel.n_webhooks,
        "events": funnel.n_events,
        "by_status": dict(funnel.by_status),
        "fresh_share": round(funnel.n_fresh / n, 4) if n else None,
        "is_whole": funnel.is_whole,
    }


def match_json(match: Match) -> dict[str, Any]:
    """Return what arrives of one kind of event at one endpoint, and the advice."""
    way = match.typical_way
    return {
        "endpoint": match.endpoint,
        "source": match.source,
        "kind": match.kind,
        "events": match.n,
        "written": match.n_written,
        "no_longer_kept": match.n_gone,
        "refused_for_nobody": match.n_nobody,
        "delivered": match.n_delivered,
        "fresh_share": match.fresh_share,
        "typical_way_s": None if way is None else int(way.total_seconds()),
        "newest_at": moment(match.newest_at),
        "identifiers": {one.name: round(one.share, 4) for one in match.shares},
        "left_out": [
            {"field": one.field, "reason": one.reason, "events": one.n}
            for one in match.left
        ],
        "advice": [
            {"word": one.word, "events": one.n, "text": sentence(one, match)}
            for one in match.advice
        ],
    }
