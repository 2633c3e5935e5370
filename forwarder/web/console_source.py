"""`/console/sources/<name>`: connect one shop, and see that its first webhook comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, abort, g, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from forwarder.hookups import PLATFORMS
from forwarder.pipeline.missing import why_not
from forwarder.pipeline.receive import Endpoint
from forwarder.pulls import PULLS
from forwarder.store.latest import Latest, latest
from forwarder.web import manual, missed, session, trying
from forwarder.web.console_jobs import KINDS
from forwarder.web.desk import WebDesk, web_desk
from forwarder.web.hooks import answer
from forwarder.web.refused import Refused
from forwarder.web.shapes import line_json, moment, notice_json
from forwarder.web.words import NOTICES

STEPS: Final = "Connect it"
RETRIES: Final = "Retries and disabling"
# What is below the steps, closed until somebody wants it.
REST: Final = (
    "What it sends",
    "Signature",
    "What it cannot tell us",
    "Carrying ids",
)

pages = Blueprint("source", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What came of a shop last: a genuine webhook, and one that was turned away.

    `word` is `waiting` while nothing came, `refused` if what came last was turned away.
    """

    endpoint: str
    latest: Latest | None
    refused: Refused | None

    @property
    def word(self) -> str:
        """Return `waiting`, `refused` or `arrived`."""
        if self.refused is not None and (
            self.latest is None or self.refused.at > self.latest.notice.received_at
        ):
            return "refused"
        return "waiting" if self.latest is None else "arrived"


def contact(desk: WebDesk, name: str) -> Contact:
    """Return what came of one endpoint last."""
    return Contact(
        endpoint=name,
        latest=latest(desk.store, name),
        refused=desk.last_refused(name),
    )


def address(desk: WebDesk, name: str) -> str:
    """Return where a shop posts to; a secret at its end is only named."""
    plain = f"{desk.public_url.rstrip('/')}/hooks/{name}"
    return f"{plain}/<secret>" if name in desk.sheet.path_secret else plain


@pages.get("/sources/<name>")
@session.needs("viewer")
def show(name: str) -> str:
    """Show how to connect one shop, and what came of it."""
    return page(name)


@pages.get("/sources/<name>.json")
@session.needs("viewer")
def show_json(name: str) -> ResponseReturnValue:
    """Return what came of one shop as data."""
    return answer(200, source_json(web_desk(), found_endpoint(name)))


def source_json(desk: WebDesk, endpoint: Endpoint) -> dict[str, Any]:
    """Return how one shop is connected and what came of it, without its secret."""
    name = endpoint.name
    return {
        "endpoint": name,
        "source": endpoint.source_name,
        "address": address(desk, name),
        "secrets": len(endpoint.secrets),
        "secrets_from": desk.sheet.origin(f"endpoints.{name}", "secrets"),
        "tests": trying.cases_of(desk, endpoint),
        "can_be_asked_for": [] if why_not(endpoint) else missed.parts(endpoint),
        **contact_json(contact(desk, name)),
    }


def contact_json(seen: Contact) -> dict[str, Any]:
    """Return what came last as data; null where nothing did."""
    last = seen.latest
    return {
        "state": seen.word,
        "last_webhook": None if last is None else notice_json(last.notice),
        "its_events": [] if last is None else [line_json(one) for one in last.lines],
        "last_turned_away": turned_away_json(seen.refused),
    }


def turned_away_json(refused: Refused | None) -> dict[str, Any] | None:
    """Return when and why a webhook was turned away; None where none was."""
    if refused is None:
        return None
    return {"at": moment(refused.at), "why": refused.why}


def page(name: str, **asked: object) -> str:
    """Return the page of a shop; `asked` is what came of asking its platform."""
    desk = web_desk()
    endpoint = found_endpoint(name)
    source = endpoint.source_name
    return render_template(
        "console/source.html",
        name=name,
        source=source,
        platform_name=manual.title(source),
        endpoint=endpoint,
        address=address(desk, name),
        has_path_secret=name in desk.sheet.path_secret,
        secret_from=desk.sheet.origin(f"endpoints.{name}", "secrets"),
        seen=contact(desk, name),
        meanings=NOTICES,
        now=desk.clock(),
        steps=manual.part(source, STEPS),
        retries=manual.part(source, RETRIES),
        rest=_rest(source),
        platform=PLATFORMS.get(source),
        cases=trying.cases_of(desk, endpoint),
        why_not_asked=why_not(endpoint),
        can_be_asked=source in PULLS,
        parts={part: missed.WHAT[part] for part in missed.parts(endpoint)},
        asked_before=missed.recent(desk, endpoint),
        week_ago=f"{desk.clock() - missed.BACK:%Y-%m-%d}",
        kinds=KINDS,
        may_set_up=session.may(g.user, "admin"),
        **asked,
    )


def _rest(source: str) -> Sequence[tuple[str, Markup]]:
    parts = ((heading, manual.part(source, heading)) for heading in REST)
    return [(heading, text) for heading, text in parts if text]


def found_endpoint(name: str) -> Endpoint:
    """Return the endpoint of this name; answer 404 if there is none."""
    found = web_desk().endpoints.get(name)
    if found is None:
        abort(404, "No endpoint of the settings has this name: see the sources.")
    return found
