"""Who may come in, by password or by key: let in, changed and shut out.

The same for console and API. What opens a door is made here and returned once; each
deed leaves its line in the audit log. All of it may raise StoreDown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, fields, validate

from forwarder.store import access, audit
from forwarder.store.access import ROLES, SCOPES, ApiKey, User
from forwarder.web.desk import web_desk
from forwarder.web.filters import storable
from forwarder.web.shapes_desk import api_key_json, user_json

NAME_MAX_CHARS: Final = 64
EXPIRES_MAX_DAYS: Final = 3_650


class Nobody(Exception):
    """There is no such user, or none to whom this can be done; no such key."""


def _name() -> fields.String:
    length = validate.Length(min=1, max=NAME_MAX_CHARS)
    is_plain = validate.Predicate("isprintable", error="holds a line break or the like")
    return fields.String(required=True, validate=[length, is_plain, storable])


class Named(Schema):
    """A user or a key by its name."""

    class Meta:
        """Forms carry a token as well, which is checked elsewhere."""

        unknown = EXCLUDE

    name = _name()


class WithRole(Named):
    """A user, and what they may do."""

    role = fields.String(required=True, validate=validate.OneOf(ROLES))


class NewKey(Named):
    """A key, what it opens and for how long; without an end for good."""

    scope = fields.String(required=True, validate=validate.OneOf(SCOPES))
    expires_days = fields.Integer(
        load_default=None, validate=validate.Range(min=1, max=EXPIRES_MAX_DAYS)
    )


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Does what `who` asks for: a user's name, or `key:` and that of a key."""

    who: str

    def let_in(self, given: Mapping[str, Any]) -> str:
        """Return the first password of a new user. Raises: Exists."""
        desk, password = web_desk(), access.new_password()
        user = User(name=given["name"], role=given["role"], created_at=desk.clock())
        access.add_user(desk.store, user, password)
        self._note("user added", user.name, f"role {user.role}")
        return password

    def change_password(self, name: str) -> str:
        """Return somebody's new password; they are logged out. Raises: Nobody."""
        password = access.new_password()
        self._must(access.set_password(web_desk().store, name, password))
        self._note("password changed", name)
        return password

    def give_role(self, given: Mapping[str, Any]) -> None:
        """Let somebody do more, or less. Raises: Nobody."""
        name, role = given["name"], given["role"]
        self._must(access.set_role(web_desk().store, name, role))
        self._note("role changed", name, f"role {role}")

    def disable(self, name: str) -> None:
        """Shut somebody out for now. Raises: Nobody."""
        desk = web_desk()
        self._must(access.disable_user(desk.store, name, desk.clock()))
        self._note("user disabled", name)

    def enable(self, name: str) -> None:
        """Let somebody in again. Raises: Nobody."""
        self._must(access.enable_user(web_desk().store, name))
        self._note("user enabled", name)

    def remove(self, name: str) -> None:
        """Forget somebody; what they did stays in the audit log. Raises: Nobody."""
        self._must(access.remove_user(web_desk().store, name))
        self._note("user removed", name)

    def make_key(self, given: Mapping[str, Any]) -> tuple[ApiKey, str]:
        """Return a new key and the text that opens the door. Raises: Exists."""
        desk, days = web_desk(), given["expires_days"]
        now = desk.clock()
        ends = None if days is None else now + timedelta(days=days)
        name, scope = given["name"], given["scope"]
        key = ApiKey(name=name, scope=scope, created_at=now, expires_at=ends)
        text = access.make_api_key(desk.store, key)
        self._note("api-key added", name, f"scope {scope}")
        return key, text

    def revoke(self, name: str) -> None:
        """Make a key useless, at once. Raises: Nobody."""
        self._must(access.remove_api_key(web_desk().store, name))
        self._note("api-key removed", name)

    def _must(self, is_done: bool) -> None:  # noqa: FBT001  what the store answered
        if not is_done:
            raise Nobody

    def _note(self, action: str, subject: str, detail: str = "") -> None:
        desk = web_desk()
        audit.note(desk.store, self.who, action, subject, desk.clock(), detail)


def admitted_json() -> dict[str, Any]:
    """Return who may come in as data, without what opens the door."""
    desk = web_desk()
    keys = access.list_api_keys(desk.store)
    return {
        "users": [user_json(one) for one in access.list_users(desk.store)],
        "api_keys": [api_key_json(one, desk.clock()) for one in keys],
    }
