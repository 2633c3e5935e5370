"""`/api/v1/users…` and `/api/v1/keys…`: who may come in. For keys of the scope `admin`.

Names stand in the body, never in an address: addresses are logged.
"""

from collections.abc import Callable
from typing import Any, Final

import orjson
from flask import Blueprint, Response, g, request
from marshmallow import Schema, ValidationError

from forwarder.store.access import Exists
from forwarder.store.writer import StoreDown
from forwarder.web import bodies
from forwarder.web.admission import (
    Doorkeeper,
    Named,
    NewKey,
    Nobody,
    WithRole,
    admitted_json,
)
from forwarder.web.api import later, needs, unread
from forwarder.web.desk import web_desk
from forwarder.web.filters import told_errors
from forwarder.web.hooks import answer
from forwarder.web.shapes_desk import api_key_json

ABSENT: Final = {"error": "nobody of this name to whom that can be done: see the list"}
TAKEN: Final = {"error": "this name is taken: choose another one"}

api_users = Blueprint("api_users", __name__, url_prefix="/api/v1")
api_users.register_error_handler(StoreDown, later)
for refusal in bodies.REFUSALS:
    api_users.register_error_handler(refusal, unread)


@api_users.errorhandler(ValidationError)
def unfit(error: ValidationError) -> Response:
    """Answer which fields can not be used, and why."""
    return answer(422, {"errors": told_errors(error)})


@api_users.errorhandler(Nobody)
def absent(_: Nobody) -> Response:
    """Answer that there is nobody of this name."""
    return answer(404, ABSENT)


@api_users.errorhandler(Exists)
def taken(_: Exists) -> Response:
    """Answer that there is somebody of this name."""
    return answer(409, TAKEN)


@api_users.get("/users")
@needs("admin")
def get_users() -> Response:
    """Return who may come in, by password or by key."""
    return answer(200, admitted_json())


@api_users.post("/users")
@needs("admin")
def post_user() -> Response:
    """Let somebody in; the first password is told once."""
    given = _given(WithRole())
    password = _keeper().let_in(given)
    return answer(201, {**given, "password": password})


@api_users.post("/users/password")
@needs("admin")
def post_password() -> Response:
    """Give somebody a new password, told once; they are logged out everywhere."""
    name: str = _given(Named())["name"]
    return answer(200, {"name": name, "password": _keeper().change_password(name)})


@api_users.post("/users/role")
@needs("admin")
def post_role() -> Response:
    """Let somebody do more, or less."""
    given = _given(WithRole())
    _keeper().give_role(given)
    return answer(200, given)


@api_users.post("/users/disable")
@needs("admin")
def post_disable() -> Response:
    """Shut somebody out for now."""
    return _done(_keeper().disable)


@api_users.post("/users/enable")
@needs("admin")
def post_enable() -> Response:
    """Let somebody in again."""
    return _done(_keeper().enable)


@api_users.post("/users/remove")
@needs("admin")
def post_remove() -> Response:
    """Forget somebody; what they did stays in the audit log."""
    return _done(_keeper().remove)


@api_users.post("/keys")
@needs("admin")
def post_key() -> Response:
    """Make a key; what opens the door is told once."""
    key, text = _keeper().make_key(_given(NewKey()))
    return answer(201, {**api_key_json(key, web_desk().clock()), "key": text})


@api_users.post("/keys/remove")
@needs("admin")
def post_remove_key() -> Response:
    """Make a key useless, at once."""
    return _done(_keeper().revoke)


def _given(schema: Schema) -> dict[str, Any]:
    """Return the fields of the body. Raises: ValidationError."""
    try:
        found = orjson.loads(bodies.read_body(request.environ))
    except orjson.JSONDecodeError:
        raise ValidationError({"body": ["Not JSON."]}) from None
    given: dict[str, Any] = schema.load(found)
    return given


def _done(deed: Callable[[str], None]) -> Response:
    name: str = _given(Named())["name"]
    deed(name)
    return answer(200, {"name": name})


def _keeper() -> Doorkeeper:
    return Doorkeeper(f"key:{g.api_key.name}")
