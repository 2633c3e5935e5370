"""`/console/users`: who may come in, by password or by key. For administrators.

What is made here, a password or a key, is shown once and kept as a hash only.
"""

from typing import Any, Final

from flask import Blueprint, abort, flash, g, redirect, render_template, request
from flask import url_for as to
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from forwarder.store import access
from forwarder.store.access import Exists
from forwarder.web import session
from forwarder.web.admission import (
    Doorkeeper,
    Named,
    NewKey,
    Nobody,
    WithRole,
    admitted_json,
)
from forwarder.web.console_query import read
from forwarder.web.desk import web_desk
from forwarder.web.hooks import answer

ROLE_WORDS: Final = {
    "viewer": "reads every page",
    "operator": "reads, sends again, pauses and acknowledges",
    "admin": "all of that, the audit log, webhooks, and who may come in",
}
SCOPE_WORDS: Final = {
    "events:write": "posts events",
    "read": "reads deliveries and alerts",
    "operate": "reads, sends again, pauses and acknowledges",
    "admin": "all of that, webhooks, and who may come in",
}

pages = Blueprint("users", __name__)


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
    return answer(200, admitted_json())


@pages.get("/users/one")
@session.needs("admin")
def show_one() -> str:
    """Show what can be done about one user."""
    name: str = read(Named(), request.args)["name"]
    known = {one.name: one for one in access.list_users(web_desk().store)}
    if name not in known:
        raise Nobody
    return render_template("console/user.html", one=known[name], roles=ROLE_WORDS)


@pages.post("/users/add")
@session.needs("admin")
def post_add() -> str:
    """Let somebody in; shows the first password once."""
    given = _given(WithRole())
    try:
        password = _keeper().let_in(given)
    except Exists:
        abort(409, "There is a user of this name: choose another name.")
    return _made(f"The first password of {given['name']}", password, "password")


@pages.post("/users/password")
@session.needs("admin")
def post_password() -> str:
    """Give somebody a new password, shown once; wherever they are, they are out."""
    name = _given(Named())["name"]
    _not_oneself(name, "Change your own password on the page of your account.")
    password = _keeper().change_password(name)
    return _made(f"The new password of {name}", password, "password")


@pages.post("/users/role")
@session.needs("admin")
def post_role() -> ResponseReturnValue:
    """Let somebody do more, or less."""
    given = _given(WithRole())
    name, role = given["name"], given["role"]
    _not_oneself(name, "Your own role another administrator changes.")
    _keeper().give_role(given)
    return _back(f"{name} is {role} now.")


@pages.post("/users/disable")
@session.needs("admin")
def post_disable() -> ResponseReturnValue:
    """Shut somebody out for now."""
    name = _given(Named())["name"]
    _not_oneself(name, "You would shut yourself out: another administrator can.")
    try:
        _keeper().disable(name)
    except Nobody:
        abort(409, "Nobody of this name may log in: see the list of users.")
    return _back(f"{name} is out, and may not log in.")


@pages.post("/users/enable")
@session.needs("admin")
def post_enable() -> ResponseReturnValue:
    """Let somebody in again."""
    name = _given(Named())["name"]
    try:
        _keeper().enable(name)
    except Nobody:
        abort(409, "Nobody of this name is shut out: see the list of users.")
    return _back(f"{name} may log in again.")


@pages.post("/users/remove")
@session.needs("admin")
def post_remove() -> ResponseReturnValue:
    """Forget somebody; what they did stays in the audit log."""
    name = _given(Named())["name"]
    _not_oneself(name, "You would shut yourself out: another administrator can.")
    _keeper().remove(name)
    return _back(f"{name} is no user any more.")


@pages.post("/users/keys/add")
@session.needs("admin")
def post_key() -> str:
    """Make a key for the API; it is shown once."""
    try:
        key, text = _keeper().make_key(_given(NewKey()))
    except Exists:
        abort(409, "There is a key of this name: revoke it first, or choose another.")
    return _made(f"The key {key.name}", text, "key")


@pages.post("/users/keys/remove")
@session.needs("admin")
def post_remove_key() -> ResponseReturnValue:
    """Make a key useless, at once."""
    name = _given(Named())["name"]
    try:
        _keeper().revoke(name)
    except Nobody:
        abort(404, "There is no key of this name any more: see the list of keys.")
    return _back(f"The key {name} opens nothing any more.")


def _keeper() -> Doorkeeper:
    return Doorkeeper(g.user.name)


def _made(what: str, text: str, kind: str) -> str:
    return render_template("console/made.html", what=what, text=text, kind=kind)


def _not_oneself(name: str, otherwise: str) -> None:
    if name == g.user.name:
        abort(409, otherwise)


def _back(told: str) -> ResponseReturnValue:
    flash(told)
    return redirect(to("console.users.show"), 303)
