"""`/console/refused`: what was not sent though it should be, by reason, and what to do.

Refused deliveries, and webhooks that were genuine and not understood.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from forwarder.store import glance
from forwarder.store.glance import Group
from forwarder.web import session
from forwarder.web.desk import web_desk
from forwarder.web.hooks import answer
from forwarder.web.shapes import moment
from forwarder.web.words import reason_label, reason_remedy

pages = Blueprint("refused", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason why deliveries were refused, over all endpoints."""

    reason: str
    label: str
    remedy: str
    n: int
    oldest_at: datetime
    newest_at: datetime
    newest_id: int
    groups: Sequence[Group]


@pages.get("/refused")
@session.needs("viewer")
def show() -> str:
    """Show what was refused and what is quarantined, by reason."""
    store = web_desk().store
    return render_template(
        "console/refused.html",
        causes=causes(glance.refused_groups(store)),
        held=glance.held_groups(store),
        looked_at=glance.LOOKED_AT,
    )


@pages.get("/refused.json")
@session.needs("viewer")
def show_json() -> ResponseReturnValue:
    """Return the same groups as data."""
    store = web_desk().store
    refused = [
        {**_group_json(group), "label": cause.label, "remedy": cause.remedy}
        for cause in causes(glance.refused_groups(store))
        for group in cause.groups
    ]
    held = [_group_json(group) for group in glance.held_groups(store)]
    return answer(200, {"refused": refused, "quarantined": held})


def _group_json(group: Group) -> dict[str, Any]:
    return {
        "endpoint": group.endpoint,
        "source": group.source,
        "reason": group.reason,
        "count": group.n,
        "oldest_at": moment(group.oldest_at),
        "newest_at": moment(group.newest_at),
        "newest_id": group.newest_id,
    }


def causes(groups: Sequence[Group]) -> list[Cause]:
    """Return the groups by reason, the reason with the most first."""
    by_reason: defaultdict[str, list[Group]] = defaultdict(list)
    for group in groups:
        by_reason[group.reason].append(group)
    found = [_cause(reason, one) for reason, one in by_reason.items()]
    return sorted(found, key=lambda cause: -cause.n)


def _cause(reason: str, groups: Sequence[Group]) -> Cause:
    return Cause(
        reason=reason,
        label=reason_label(reason),
        remedy=reason_remedy(reason),
        n=sum(group.n for group in groups),
        oldest_at=min(group.oldest_at for group in groups),
        newest_at=max(group.newest_at for group in groups),
        newest_id=max(group.newest_id for group in groups),
        groups=groups,
    )
