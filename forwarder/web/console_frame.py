"""What every page of the console is made of: words, links, times, the style sheet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import zip_longest
from typing import Any, Final
from urllib.parse import urlencode

from flask import g, request, url_for
from markupsafe import Markup

from forwarder.core.money import money_text
from forwarder.destinations.pinterest.told import identifiers_in
from forwarder.web import console_theme, desk, quality_words, session, telling, words
from forwarder.web.console_story import stamp
from forwarder.web.shapes import moment, value_text

STYLE: Final = "console.css"
ICON: Final = "icon.svg"
SCRIPT: Final = "console.js"


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the bar at the top; `section` begins the endpoints of its pages."""

    endpoint: str
    label: str
    section: str
    role: str = "viewer"


# In the order in which an operator asks: does it work, what became of an order, what
# was not sent, what runs, what is wrong; what came of it all; how it is set up and who
# did what. A group is one line of the bar where it is narrow.
PLACES: Final[Mapping[str, Sequence[Place]]] = {
    "Delivery": (
        Place("console.overview.show", "Overview", "console.overview."),
        Place("console.deliveries.show_all", "Deliveries", "console.deliver"),
        Place("console.refused.show", "Refused", "console.refused."),
        Place("console.jobs.show_all", "Jobs", "console.jobs."),
        Place("console.alerts.show_all", "Alerts", "console.alerts."),
    ),
    "Results": (
        Place("console.kpi.show", "What to change", "console.kpi."),
        Place("console.experiments.show_all", "Experiments", "console.experiments."),
        Place("console.reports.show_all", "Reports", "console.reports."),
        Place("console.links.show_all", "Links", "console.link"),
    ),
    "Set-up": (
        Place("console.sources.show", "Sources", "console.source"),
        Place("console.quality.show", "Match quality", "console.quality."),
        Place("console.destinations.show_all", "Destinations", "console.destinations."),
        Place("console.settings.show", "Settings", "console.settings.", "operator"),
        Place("console.users.show", "Users", "console.users.", "admin"),
        Place("console.audit.show", "Audit log", "console.audit.", "admin"),
    ),
}


def furniture() -> dict[str, Any]:
    """Return the words and the small things that templates may use."""
    return {
        "user": g.get("user"),
        "places": {name: list(_seen(group)) for name, group in PLACES.items()},
        "may_operate": session.may(g.get("user"), "operator"),
        "token": session.form_token,
        "theme": console_theme.theme(),
        "themes": console_theme.THEMES,
        "way_back": console_theme.way_back(),
        "style_url": url_for("console.static", filename=STYLE, v=version()),
        "icon_url": url_for("console.static", filename=ICON, v=version()),
        "script_url": url_for("console.static", filename=SCRIPT, v=version()),
        "list_url": list_url,
        "queried": queried,
        "coded": coded,
        "reason_label": words.reason_label,
        "explain_reason": words.explain_reason,
        "reason_remedy": words.reason_remedy,
        "identifier_names": quality_words.NAMES,
        "identifiers_in": identifiers_in,
        "dropped_label": words.dropped_label,
        "gone": words.GONE,
        "statuses": words.STATUSES,
        "outcomes": words.OUTCOMES,
        "trouble_text": telling.trouble_text,
        "place_text": telling.place_text,
        "sandboxed": telling.SANDBOXED if desk.web_desk().is_sandbox else "",
        "modes": words.MODES,
        "moment": moment,
        "stamp": stamp,
        "when": when,
        "number": number,
        "money_text": money_text,
        "span": span,
        "brief": telling.brief,
        "value_text": value_text,
    }


def _seen(group: Sequence[Place]) -> Iterator[tuple[str, str, bool]]:
    """Give the address and label of what this user may see, and whether it is here."""
    here = request.endpoint or ""
    for place in group:
        if session.may(g.get("user"), place.role):
            yield url_for(place.endpoint), place.label, here.startswith(place.section)


@cache
def version() -> str:
    """Return a word that changes with the style sheet, the script and the icon."""
    folder = files("forwarder.web").joinpath("static")
    content = [folder.joinpath(name).read_bytes() for name in (STYLE, SCRIPT, ICON)]
    return sha256(b"".join(content)).hexdigest()[:12]


def list_url(query: Mapping[str, str] | None = None) -> str:
    """Return the address of the delivery list with these filters."""
    return queried(url_for("console.deliveries.show_all"), query)


def queried(address: str, query: Mapping[str, str] | None) -> str:
    """Return the address with a query, of any names: `url_for` keeps some."""
    return f"{address}?{urlencode(query)}" if query else address


def coded(text: str) -> Markup:
    """Return a sentence, escaped, with what stands in backticks as code."""
    parts = text.split("`")
    inside = [Markup("<code>{}</code>").format(part) for part in parts[1::2]]
    pairs = zip_longest(parts[::2], inside, fillvalue="")
    return Markup("").join(part for pair in pairs for part in pair)


def when(at: datetime | None) -> Markup:
    """Return a time in UTC to the second; a dash for none."""
    if at is None:
        return Markup('<span class="none">&ndash;</span>')
    return Markup('<time datetime="{}">{}</time>').format(moment(at), stamp(at))


def number(n: int, one: str, several: str) -> str:
    """Return a number, its thousands apart, with its noun."""
    return f"{n:,} {one if n == 1 else several}"


def span(length: timedelta) -> str:
    """Return a length of time in the largest unit that it holds twice."""
    seconds = max(0, int(length.total_seconds()))
    for size_s, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size_s:
            return f"{seconds // size_s} {name}"
    return number(seconds, "second", "seconds")
