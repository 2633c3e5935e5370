"""`/console/destinations`: how each one stands, in words; pause it, let it go on."""

from typing import Final

from flask import Blueprint, abort, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from forwarder.pipeline import overview as standing
from forwarder.pipeline.overview import Place
from forwarder.store import health
from forwarder.web import session
from forwarder.web.console_query import read_reason
from forwarder.web.desk import web_desk
from forwarder.web.hooks import answer
from forwarder.web.shapes import place_json
from forwarder.web.telling import STATES

GOOD: Final = frozenset({health.ACTIVE})
TONES: Final = {health.ACTIVE: "good", health.BLOCKED: "bad", standing.PAUSED: "over"}

pages = Blueprint("destinations", __name__)


@pages.get("/destinations")
@session.needs("viewer")
def show_all() -> str:
    """Show every destination and what waits for it."""
    desk = web_desk()
    return render_template(
        "console/destinations.html",
        found=_all(),
        ours=desk.destinations,
        states=STATES,
        good=GOOD,
        tones=TONES,
        now=desk.clock(),
    )


@pages.get("/destinations.json")
@session.needs("viewer")
def show_all_json() -> ResponseReturnValue:
    """Return every destination as data."""
    return answer(200, {"items": [place_json(one) for one in _all()]})


def _all() -> list[Place]:
    desk = web_desk()
    return standing.overview(desk.store, desk.destinations.values(), desk.clock())


@pages.post("/destinations/<name>/pause")
@session.needs("operator")
def post_pause(name: str) -> ResponseReturnValue:
    """Leave a destination alone until a person lets it go on."""
    desk = web_desk()
    _known(name)
    reason = read_reason()
    if not standing.pause(desk.store, name, g.user.name, reason, desk.clock()):
        abort(409, "It was paused already: see by whom on the page of destinations.")
    flash(f"{name} is paused. What comes for it waits.")
    return redirect(url_for("console.destinations.show_all"), 303)


@pages.post("/destinations/<name>/resume")
@session.needs("operator")
def post_resume(name: str) -> ResponseReturnValue:
    """Let a destination go on, and have it tried at once."""
    desk = web_desk()
    _known(name)
    if not standing.resume(desk.store, name, g.user.name, desk.clock()):
        abort(409, "Nothing held it: somebody else may have resumed it before.")
    desk.nudge(name)
    flash(f"{name} is called again, from now on.")
    return redirect(url_for("console.destinations.show_all"), 303)


def _known(name: str) -> None:
    if name not in web_desk().destinations:
        abort(404, "No destination of the settings has this name.")
