"""`/console/quality`: by what people can be recognised, and what would raise it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields, validate

from forwarder.core.delivery import Status
from forwarder.pipeline.quality import (
    DEVICE,
    RECOGNISING,
    Match,
    Share,
    keyless,
    matches,
)
from forwarder.store import glance
from forwarder.store.glance import Funnel
from forwarder.web import session
from forwarder.web.console_list import local_text
from forwarder.web.console_query import read
from forwarder.web.desk import WebDesk, web_desk
from forwarder.web.filters import storable
from forwarder.web.hooks import answer
from forwarder.web.quality_words import name_of, nothing_known, percent, sentence
from forwarder.web.shapes_quality import quality_json

PERIODS: Final[Mapping[str, tuple[str, timedelta]]] = {
    "10m": ("10 minutes", timedelta(minutes=10)),
    "1h": ("hour", timedelta(hours=1)),
    "24h": ("24 hours", timedelta(hours=24)),
    "7d": ("7 days", timedelta(days=7)),
    "30d": ("30 days", timedelta(days=30)),
}
USUAL: Final = "7d"
WAYS: Final = (
    ("Delivered", Status.DELIVERED),
    ("Waiting", Status.PENDING),
    ("Refused", Status.REFUSED),
    ("Skipped", Status.SKIPPED),
)
MATTER: Final = (*RECOGNISING, *DEVICE)

pages = Blueprint("quality", __name__)


class WantedSchema(Schema):
    """The period and, if only one is wanted, the endpoint."""

    class Meta:
        """Whatever else stands in an address."""

        unknown = EXCLUDE

    period = fields.String(load_default=USUAL, validate=validate.OneOf(list(PERIODS)))
    endpoint = fields.String(
        load_default=None, validate=[validate.Length(max=64), storable]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the page is about: since when, the funnel, and what arrives."""

    period: str
    endpoint: str | None
    since: datetime
    funnel: Funnel
    found: Sequence[Match]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the funnel. `percent` of the widest; `status` filters its list."""

    label: str
    n: int
    percent: float
    told: str
    tone: str
    status: str


@pages.get("/quality")
@session.needs("viewer")
def show() -> str:
    """Show by what people can be recognised, source by source."""
    seen = _look()
    by_endpoint = groupby(seen.found, key=lambda one: one.endpoint)
    return render_template(
        "console/quality.html",
        seen=seen,
        bars=bars(seen.funnel),
        since=local_text(seen.since),
        groups=[(name, list(found)) for name, found in by_endpoint],
        periods={word: label for word, (label, _) in PERIODS.items()},
        names=sorted(web_desk().endpoints),
        telling=telling,
        others=others,
        sentence=sentence,
        percent=percent,
        name_of=name_of,
        nothing_known=nothing_known,
    )


@pages.get("/quality.json")
@session.needs("viewer")
def show_json() -> ResponseReturnValue:
    """Return the same as data."""
    return answer(200, seen_json(_look()))


def _look() -> Seen:
    return look(web_desk(), read(WantedSchema(), request.args))


def seen_json(seen: Seen) -> dict[str, Any]:
    """Return what was seen as data."""
    return quality_json(seen.since, seen.funnel, seen.found)


def look(desk: WebDesk, given: Mapping[str, Any]) -> Seen:
    """Return what arrived, as a `WantedSchema` says."""
    _, length = PERIODS[given["period"]]
    since = (desk.clock() - length).replace(second=0, microsecond=0)
    found = matches(desk.store, since, given["endpoint"], keyless(desk.endpoints))
    return Seen(
        period=given["period"],
        endpoint=given["endpoint"],
        since=since,
        funnel=glance.funnel(desk.store, since),
        found=found,
    )


def bars(funnel: Funnel) -> list[Bar]:
    """Return the way from webhooks to deliveries as bars, none wider than 100."""
    widest = max(1, funnel.n_webhooks, funnel.n_events)
    counts = [
        ("Webhooks", funnel.n_webhooks, "", "all", ""),
        ("Events in them", funnel.n_events, "", "all", ""),
    ]
    for label, status in WAYS:
        n = funnel.by_status.get(status.value, 0)
        told = percent(n / funnel.n_events) if funnel.n_events else ""
        counts.append((label, n, told, status.value, status.value))
    return [
        Bar(label, n, round(100 * n / widest, 1), told, tone, status)
        for label, n, told, tone, status in counts
    ]


def telling(match: Match) -> list[Share]:
    """Return the shares of what recognises somebody; a device id only if one came."""
    wanted = [one for one in match.shares if one.name in MATTER]
    return [one for one in wanted if one.n or one.name != "maid"]


def others(match: Match) -> list[Share]:
    """Return the shares of what only confirms who it is."""
    return [one for one in match.shares if one.name not in MATTER]
