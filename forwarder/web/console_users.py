"""`/console/users`: who may come in, by password or by key. For administrators.

What is made here, a password or a key, is shown once and kept as a hash only.
"""

from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, abort, flash, g, redirect, render_template, request
from flask import url_for as to
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields, validate

from forwarder.store import access, audit
from forwarder.store.access import ROLES, SCOPES, ApiKey, Exists, User
from forwarder.web import session
from forwarder.web.console_query import read
from forwarder.web.desk import web_desk
from forwarder.web.filters import storable
from forwarder.web.hooks import answer
from forwarder.web.shapes_desk import api_key_json, user_json

NAME_MAX_CHARS: Final = 64
EXPIRES_MAX_DAYS: Final = 3_650
ROLE_WORDS: Final = {
    "viewer": "reads",
    "operator": "also sends again, pauses and acknowledges",
    "admin": "also sees the audit log and says who may come in",
}
SCOPE_WORDS: Final = {
    "events:write": "posts events",
    "read": "reads deliveries and alerts",
    "operate": "also replays, pauses and acknowledges",
}

pages = Blueprint("users", __name__)


def _name() -> fields.String:
    length = validate.Length(min=1, max=NAME_MAX_CHARS)
    is_plain = validate.Predicate("isprintable", error="holds a line break or the like")
    return fields.String(required=True, validate=[length, is_plain, storable])


class _Named(Schema):
    class Meta:
        unknown = EXCLUDE  # the token is checked elsewhere

    name = _name()


class _WithRole(_Named):
    role = fields.String(required=True, validate=validate.OneOf(ROLES))


class _Key(_Named):
    scope = fields.String(required=True, validate=validate.OneOf(SCOPES))
    expires_days = fields.Integer(
        load_default=None, validate=validate.Range(min=1, max=EXPIRES_MAX_DAYS)
    )


def _given(schema: Schema) -> dict[str, Any]:
    return read(schema, {name: text.strip() for name, text in request.form.items()})


@pages.get("/users")
@session.needs("admin")
def show() -> str:
    """Show who may log in and which keys there are."""
    desk = web_desk()
    return render_template(
        "console/users.html",
        found=access.list_users(desk.store),
        keys=access.list_api_keys(desk.store),
        roles=ROLE_WORDS,
        scopes=SCOPE_WORDS,
        now=desk.clock(),
    )


@pages.get("/users.json")
@session.needs("admin")
def show_json() -> ResponseReturnValue:
    """Return both lists as data."""
    desk = web_desk()
    now = desk.clock()
    return answer(
        200,
        {
            "users": [user_json(one) for one in access.list_users(desk.store)],
            "api_keys": [
                api_key_json(one, now) for one in access.list_api_keys(desk.store)
            ],
        },
    )


@pages.get("/users/one")
@session.needs("admin")
def show_one() -> str:
    """Show what can be done about one user."""
    name: str = read(_Named(), request.args)["name"]
    known = {one.name: one for one in access.list_users(web_desk().store)}
    if name not in known:
        _nobody()
    return render_template("console/user.html", one=known[name], roles=ROLE_WORDS)


@pages.post("/users/add")
@session.needs("admin")
def post_add() -> str:
    """Let somebody in; shows the first password once."""
    desk, given = web_desk(), _given(_WithRole())
    password = access.new_password()
    user = User(name=given["name"], role=given["role"], created_at=desk.clock())
    try:
        access.add_user(desk.store, user, password)
    except Exists:
        abort(409, "There is a user of this name: choose another name.")
    _note("user added", user.name, f"role {user.role}")
    return _made(f"The first password of {user.name}", password, "password")


@pages.post("/users/password")
@session.needs("admin")
def post_password() -> str:
    """Give somebody a new password, shown once; wherever they are, they are out."""
    name = _given(_Named())["name"]
    _not_oneself(name, "Change your own password on the page of your account.")
    password = access.new_password()
    if not access.set_password(web_desk().store, name, password):
        _nobody()
    _note("password changed", name)
    return _made(f"The new password of {name}", password, "password")


@pages.post("/users/role")
@session.needs("admin")
def post_role() -> ResponseReturnValue:
    """Let somebody do more, or less."""
    given = _given(_WithRole())
    name, role = given["name"], given["role"]
    _not_oneself(name, "Your own role another administrator changes.")
    if not access.set_role(web_desk().store, name, role):
        _nobody()
    _note("role changed", name, f"role {role}")
    return _back(f"{name} is {role} now.")


@pages.post("/users/disable")
@session.needs("admin")
def post_disable() -> ResponseReturnValue:
    """Shut somebody out for now."""
    desk, name = web_desk(), _given(_Named())["name"]
    _not_oneself(name, "You would shut yourself out: another administrator can.")
    if not access.disable_user(desk.store, name, desk.clock()):
        abort(409, "Nobody of this name may log in: see the list of users.")
    _note("user disabled", name)
    return _back(f"{name} is out, and may not log in.")


@pages.post("/users/enable")
@session.needs("admin")
def post_enable() -> ResponseReturnValue:
    """Let somebody in again."""
    name = _given(_Named())["name"]
    if not access.enable_user(web_desk().store, name):
        abort(409, "Nobody of this name is shut out: see the list of users.")
    _note("user enabled", name)
    return _back(f"{name} may log in again.")


@pages.post("/users/remove")
@session.needs("admin")
def post_remove() -> ResponseReturnValue:
    """Forget somebody; what they did stays in the audit log."""
    name = _given(_Named())["name"]
    _not_oneself(name, "You would shut yourself out: another administrator can.")
    if not access.remove_user(web_desk().store, name):
        _nobody()
    _note("user removed", name)
    return _back(f"{name} is no user any more.")


@pages.post("/users/keys/add")
@session.needs("admin")
def post_key() -> str:
    """Make a key for the API; it is shown once."""
    desk, given = web_desk(), _given(_Key())
    now, days = desk.clock(), given["expires_days"]
    ends = None if days is None else now + timedelta(days=days)
    key = ApiKey(
        name=given["name"], scope=given["scope"], created_at=now, expires_at=ends
    )
    try:
        text = access.make_api_key(desk.store, key)
    except Exists:
        abort(409, "There is a key of this name: revoke it first, or choose another.")
    _note("api-key added", key.name, f"scope {key.scope}")
    return _made(f"The key {key.name}", text, "key")


@pages.post("/users/keys/remove")
@session.needs("admin")
def post_remove_key() -> ResponseReturnValue:
    """Make a key useless, at once."""
    name = _given(_Named())["name"]
    if not access.remove_api_key(web_desk().store, name):
        abort(404, "There is no key of this name any more: see the list of keys.")
    _note("api-key removed", name)
    return _back(f"The key {name} opens nothing any more.")


def _made(what: str, text: str, kind: str) -> str:
    return render_template("console/made.html", what=what, text=text, kind=kind)


def _not_oneself(name: str, otherwise: str) -> None:
    if name == g.user.name:
        abort(409, otherwise)


def _nobody() -> None:
    abort(404, "There is no user of this name any more: see the list of users.")


def _note(action: str, subject: str, detail: str = "") -> None:
    desk = web_desk()
    audit.note(desk.store, g.user.name, action, subject, desk.clock(), detail)


def _back(told: str) -> ResponseReturnValue:
    flash(told)
    return redirect(to("console.users.show"), 303)
