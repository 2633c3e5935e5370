"""The JSON of finished reports: alike in the API and the console."""

from collections.abc import Sequence
from typing import Any

import orjson

from forwarder.reconcile.mirror_standing import MirrorStanding
from forwarder.store.report_posts import ReportPost
from forwarder.store.report_requests import ReportRequest
from forwarder.store.report_versions import Head, Version
from forwarder.web.report_months import head_json
from forwarder.web.shapes import moment


def version_json(
    head: Head, version: Version, posts: Sequence[ReportPost]
) -> dict[str, Any]:
    """Return one report: which it is, how it was sent, and all that it says."""
    return {
        **head_json(head),
        "sent": [post_json(post) for post in posts],
        "report": orjson.loads(version.content),
    }


def post_json(post: ReportPost) -> dict[str, Any]:
    """Return how a report left, or why not, through one channel."""
    return {
        "channel": post.channel,
        "sent_at": moment(post.sent_at),
        "started_at": moment(post.started_at),
        "next_attempt_at": moment(post.due_at),
        "attempts": post.attempts,
        "fault": post.fault,
    }


def request_json(request: ReportRequest) -> dict[str, Any]:
    """Return what somebody asked for and what came of it."""
    return {
        "month": request.month,
        "destination": request.destination,
        "who": request.who,
        "asked_at": moment(request.asked_at),
        "is_over": request.due_at is None,
        "outcome": request.outcome,
        "version": request.version_id,
    }


def mirror_json(standing: MirrorStanding) -> dict[str, Any]:
    """Return how the browser mirror stands. Units: reports of the last 7 days."""
    return {
        "last_at": moment(standing.last_at),
        "tagged": standing.n_tagged,
        "dead": standing.n_dead,
        "without_tag": standing.n_bare,
    }
