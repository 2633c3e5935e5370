"""`/console/sources`: each address that shops post to, and whether they still do."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any, Final

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from forwarder.alerts.readings import RECEIVED
from forwarder.pipeline.missing import why_not
from forwarder.store import Store, glance, tallies
from forwarder.store.glance import Group
from forwarder.web import session
from forwarder.web.console_source import address, turned_away_json
from forwarder.web.desk import WebDesk, web_desk
from forwarder.web.hooks import answer
from forwarder.web.refused import Refused
from forwarder.web.shapes import moment

LOOKED_BACK: Final = timedelta(days=14)
GAPS_LEAST: Final = 10  # fewer tell nothing of what is usual
LATE_TIMES: Final = 3  # so many usual gaps without a webhook are worth a look
LATE_LEAST: Final = timedelta(hours=4)
# What the counters say of a webhook that was turned away, in an operator's words.
TURNED_AWAY: Final[Mapping[str, str]] = {
    "bad_signature": "wrong signature",
    "stale": "signed too long ago",
    "invalid": "not to be read as a request",
    "too_large": "too large",
    "overload": "came while too many others waited; the shop sends it again",
}
# Platforms that send nothing twice, those that say nothing about it, and senders of all
# kinds. The others try again: docs/sources tells how long.
NEVER_AGAIN: Final = frozenset({"activecampaign", "ghost", "woocommerce"})
UNDOCUMENTED: Final = frozenset(
    {
        *("beehiiv", "brevo", "flodesk", "kajabi", "klaviyo", "squarespace"),
        *("teachable", "thrivecart"),
    }
)
OF_ALL_KINDS: Final = frozenset({"declared", "standard_webhooks", "zapier"})

pages = Blueprint("sources", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """One endpoint. `gap` is what is usual between hours with webhooks, if known.

    `turned_away` counts by reason since counting began; `refused` what came of its
    webhooks and was refused, `held` what is quarantined; `refused_last` tells why the
    last one that was turned away was. `can_be_asked`: for what was missed.
    """

    name: str
    source: str
    address: str
    destination: str
    is_paused: bool
    last_at: datetime | None
    gap: timedelta | None
    is_late: bool
    turned_away: Mapping[str, int]
    refused: Sequence[Group]
    held: Sequence[Group]
    refused_last: Refused | None
    can_be_asked: bool

    @property
    def retries(self) -> str:
        """Return whether the platform sends again: `none`, `unknown` or `some`."""
        if self.source in NEVER_AGAIN:
            return "none"
        return "unknown" if self.source in UNDOCUMENTED | OF_ALL_KINDS else "some"


@pages.get("/sources")
@session.needs("viewer")
def show() -> str:
    """Show every endpoint of the settings."""
    desk = web_desk()
    now = desk.clock()
    return render_template(
        "console/sources.html",
        found=senders(desk, now),
        turned_away=TURNED_AWAY,
        now=now,
    )


@pages.get("/sources.json")
@session.needs("viewer")
def show_json() -> ResponseReturnValue:
    """Return every endpoint as data."""
    return answer(200, senders_json(web_desk()))


def senders_json(desk: WebDesk) -> dict[str, Any]:
    """Return every endpoint as data."""
    return {"items": [_sender_json(one) for one in senders(desk, desk.clock())]}


def _sender_json(sender: Sender) -> dict[str, Any]:
    return {
        "endpoint": sender.name,
        "source": sender.source,
        "address": sender.address,
        "destination": sender.destination,
        "is_paused": sender.is_paused,
        "last_received_at": moment(sender.last_at),
        "usual_gap_s": None if sender.gap is None else int(sender.gap.total_seconds()),
        "is_late": sender.is_late,
        "turned_away": dict(sender.turned_away),
        "refused": {group.reason: group.n for group in sender.refused},
        "quarantined": sum(group.n for group in sender.held),
        "retries": sender.retries,
        "can_be_asked": sender.can_be_asked,
        "last_turned_away": turned_away_json(sender.refused_last),
    }


def senders(desk: WebDesk, now: datetime) -> list[Sender]:
    """Return every endpoint of the settings, by name."""
    store = desk.store
    last = glance.last_received(store)
    hours = glance.busy_hours(store, now - LOOKED_BACK)
    refused, held = glance.refused_groups(store), glance.held_groups(store)
    away = _turned_away(store)
    found = []
    for name, endpoint in sorted(desk.endpoints.items()):
        gap = usual_gap(hours.get(name, ()))
        found.append(
            Sender(
                name=name,
                source=endpoint.source_name,
                address=address(desk, name),
                destination=endpoint.destination,
                is_paused=endpoint.is_paused,
                last_at=last.get(name),
                gap=gap,
                is_late=_is_late(last.get(name), gap, now),
                turned_away=away.get(name, {}),
                refused=[group for group in refused if group.endpoint == name],
                held=[group for group in held if group.endpoint == name],
                refused_last=desk.last_refused(name),
                can_be_asked=not why_not(endpoint),
            )
        )
    return found


def usual_gap(hours: Sequence[datetime]) -> timedelta | None:
    """Return the usual time between hours in which something came.

    None where there were too few to tell.
    """
    gaps_s = [(late - early).total_seconds() for early, late in pairwise(hours)]
    return timedelta(seconds=median(gaps_s)) if len(gaps_s) >= GAPS_LEAST else None


def _is_late(last: datetime | None, gap: timedelta | None, now: datetime) -> bool:
    if last is None or gap is None:
        return False
    return now - last > max(LATE_TIMES * gap, LATE_LEAST)


def _turned_away(store: Store) -> Mapping[str, Mapping[str, int]]:
    found: dict[str, Counter[str]] = {}
    for _, labels, n in tallies.totals(store, RECEIVED):
        endpoint, result = labels
        if result in TURNED_AWAY:
            found.setdefault(endpoint, Counter())[result] += int(n)
    return found
