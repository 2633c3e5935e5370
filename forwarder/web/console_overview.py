"""`/console/`: is it working? One sentence, then the numbers behind it."""

from typing import Final

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from forwarder.web import session
from forwarder.web.at_a_glance import ANSWERS, bars, glance_json, look
from forwarder.web.console_list import local_text
from forwarder.web.desk import web_desk
from forwarder.web.hooks import answer

SHOWN_MAX: Final = 5  # alerts and shops; their pages have all

pages = Blueprint("overview", __name__)


@pages.get("/")
@session.needs("viewer")
def show() -> str:
    """Say whether it works, and show what came and what became of it."""
    desk = web_desk()
    now = desk.clock()
    seen = look(desk.store, desk.destinations, now)
    return render_template(
        "console/overview.html",
        seen=seen,
        answer=ANSWERS[seen.word],
        bars=bars(seen),
        since=local_text(seen.since),
        now=now,
        shown_max=SHOWN_MAX,
        endpoints=desk.endpoints,
    )


@pages.get("/overview.json")
@session.needs("viewer")
def show_json() -> ResponseReturnValue:
    """Return the same as data."""
    desk = web_desk()
    seen = look(desk.store, desk.destinations, desk.clock())
    return answer(200, glance_json(seen))
