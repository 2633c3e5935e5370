"""`/console/sources/<name>/webhooks/…`: set up and removed at the shop's platform.

All of it is posted: it is asked and done with the shop's key.
"""

from typing import Final

from flask import Blueprint, abort, g, request
from flask.typing import ResponseReturnValue

from forwarder.hookups import Plan
from forwarder.web import session
from forwarder.web.console_source import found_endpoint, page
from forwarder.web.hooking import (
    REMOVE,
    SET_UP,
    Busy,
    Changed,
    Deed,
    Unreached,
    look,
    run,
)

BUSY: Final = (
    "Webhooks are being set up or removed right now: wait half a minute, "
    "then ask again what is there."
)
MOVED: Final = (
    "There are other webhooks by now than the page showed, so nothing was done. "
    "This is what is there now:"
)

pages = Blueprint("source_hookups", __name__)


@pages.post("/sources/<name>/webhooks")
@session.needs("operator")
def post_plan(name: str) -> str:
    """Ask the platform which webhooks lead here and which are missing; no change."""
    found_endpoint(name)
    try:
        return _planned(name, look(name))
    except Unreached as unreached:
        return page(name, why=str(unreached))


@pages.post("/sources/<name>/webhooks/set-up")
@session.needs("admin")
def post_set_up(name: str) -> ResponseReturnValue:
    """Set up what the page showed as missing; a secret is shown once."""
    return _do(SET_UP, name)


@pages.post("/sources/<name>/webhooks/remove")
@session.needs("admin")
def post_remove(name: str) -> ResponseReturnValue:
    """Remove the webhooks that the page showed, and no other."""
    return _do(REMOVE, name)


def _do(deed: Deed, name: str) -> ResponseReturnValue:
    found_endpoint(name)
    try:
        return page(
            name, ran=run(deed, name, g.user.name, request.form.get("shown", ""))
        )
    except Unreached as unreached:
        return page(name, why=str(unreached))
    except Changed as changed:
        return _planned(name, changed.plan, MOVED), 409
    except Busy:
        abort(409, BUSY)


def _planned(name: str, plan: Plan, why: str = "") -> str:
    marks = {"set_up": SET_UP.mark(plan), "remove": REMOVE.mark(plan)}
    return page(name, plan=plan, marks=marks, why=why)
