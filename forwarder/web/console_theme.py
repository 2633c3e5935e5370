"""`/console/theme`: light, dark, or what the system says, kept in this browser."""

from datetime import timedelta
from typing import Final

from flask import Blueprint, current_app, redirect, request
from flask import url_for as to
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields, validate

from forwarder.web import session
from forwarder.web.console_query import read
from forwarder.web.rules import anyone

COOKIE: Final = "forwarder_theme"
SYSTEM: Final = "system"
THEMES: Final = (SYSTEM, "light", "dark")
KEPT_FOR: Final = timedelta(days=365)

pages = Blueprint("theme", __name__)


class _Wanted(Schema):
    class Meta:
        unknown = EXCLUDE  # the token is checked elsewhere

    theme = fields.String(required=True, validate=validate.OneOf(THEMES))


def theme() -> str:
    """Return what this browser asked for: `system`, `light` or `dark`."""
    kept = request.cookies.get(COOKIE, SYSTEM)
    return kept if kept in THEMES else SYSTEM


def way_back() -> str:
    """Return where to come back to after a choice; empty if the page was posted for.

    Such a page is shown once, with a secret perhaps, and is not to be left for colours.
    """
    return request.full_path.rstrip("?") if request.method == "GET" else ""


@pages.post("/theme")
@anyone
def post_theme() -> ResponseReturnValue:
    """Keep the choice in a cookie and go back to the page; before the log-in, too."""
    wanted: str = read(_Wanted(), request.form)["theme"]
    back = session.local_path(request.form.get("next", ""), to("console.overview.show"))
    answer = redirect(back, 303)
    answer.set_cookie(
        COOKIE,
        wanted,
        max_age=KEPT_FOR,
        path=to("console.overview.show"),
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return answer
