"""`/console/account`: who one is here, and another password for oneself."""

from flask import Blueprint, abort, flash, g, redirect, render_template, request
from flask import url_for as to
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields, validate

from forwarder.store import access, audit
from forwarder.store.access import PASSWORD_MIN_CHARS
from forwarder.web import session
from forwarder.web.console_query import read
from forwarder.web.desk import web_desk
from forwarder.web.hooks import answer
from forwarder.web.shapes_desk import user_json

PASSWORD_MAX_CHARS = 1_000

pages = Blueprint("account", __name__)


class _Passwords(Schema):
    class Meta:
        unknown = EXCLUDE  # the token is checked elsewhere

    old = fields.String(
        required=True,
        data_key="current",
        validate=validate.Length(max=PASSWORD_MAX_CHARS),
    )
    new = fields.String(
        required=True,
        validate=validate.Length(min=PASSWORD_MIN_CHARS, max=PASSWORD_MAX_CHARS),
    )


@pages.get("/account")
@session.needs("viewer")
def show() -> str:
    """Show the own name and role, and the form for another password."""
    return render_template("console/account.html", least=PASSWORD_MIN_CHARS)


@pages.get("/account.json")
@session.needs("viewer")
def show_json() -> ResponseReturnValue:
    """Return who is logged in."""
    return answer(200, user_json(g.user))


@pages.post("/account/password")
@session.needs("viewer")
def post_password() -> ResponseReturnValue:
    """Change the own password; other browsers of this user are logged out."""
    desk = web_desk()
    now, name = desk.clock(), g.user.name
    given = read(_Passwords(), request.form)
    try:
        user = access.log_in(desk.store, name, given["old"], now)
    except access.Crowded:
        abort(429, "Others are logging in right now. Try again in a moment.")
    if user is None:
        abort(403, "The current password is wrong; after five the name is locked.")
    access.set_password(desk.store, name, given["new"])
    audit.note(desk.store, name, "password changed", name, now)
    session.begin(desk.store, user, now)
    flash("Your password is changed. Elsewhere you are logged out.")
    return redirect(to("console.account.show"), 303)
