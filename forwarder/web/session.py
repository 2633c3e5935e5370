"""Who is at the console: log-in, roles, and tokens against forged forms.

Flask's signed cookie names a row of the store and no more. Session, role and existence
are read there each time, so that a log-out, a new password and a removal count at once.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from hmac import compare_digest
from secrets import token_urlsafe
from typing import Final, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import abort, g, request, session

from forwarder.store import Store, audit, sessions
from forwarder.store.access import ROLES, User
from forwarder.web.desk import web_desk
from forwarder.web.rules import declare

FIELD: Final = "token"
FIELD_HEADER: Final = "X-CSRF-Token"
HARMLESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_BYTES: Final = 24
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def begin(store: Store, user: User, now: datetime) -> None:
    """Start a session; whatever the cookie held before is gone, its token too."""
    leave(store)
    session["id"] = sessions.begin(store, user, now)


def leave(store: Store) -> None:
    """End the session, in this browser and wherever its cookie was copied to."""
    token = session.get("id")
    session.clear()
    if token is not None:
        sessions.end(store, token)


def who(store: Store, now: datetime, *, is_page: bool = True) -> User | None:
    """Return who is logged in; None once the session or the user is gone.

    What a script asks by itself is no page: it does not keep a session alive.
    """
    token = session.get("id")
    if token is None:
        return None
    return sessions.find(store, token, now, is_seen=is_page)


def may(user: User | None, role: str) -> bool:
    """Say whether a user has this role or a higher one."""
    return user is not None and ROLES.index(user.role) >= ROLES.index(role)


def needs(
    role: str,
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Let only users of this role or a higher one in."""

    def decorate(view: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        @wraps(view)
        def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            if not may(g.user, role):
                _note_refusal(role)
                abort(
                    403, f"This needs the role {role}: ask whoever runs this service."
                )
            return view(*args, **kwargs)

        return declare(guarded, role)

    return decorate


def _note_refusal(role: str) -> None:
    """Write down that somebody tried to change what their role may not."""
    if request.method not in HARMLESS:
        desk = web_desk()
        told = f"needs the role {role}"
        audit.note(
            desk.store, g.user.name, "was refused", request.path, desk.clock(), told
        )


def form_token() -> str:
    """Return the token that each form of this session carries."""
    if FIELD not in session:
        session[FIELD] = token_urlsafe(TOKEN_BYTES)
    token: str = session[FIELD]
    return token


def check_token() -> None:
    """Return if the posted form is one of ours; answer 400 otherwise."""
    given = request.form.get(FIELD, request.headers.get(FIELD_HEADER, ""))
    known = session.get(FIELD, "")
    if not known or not compare_digest(known.encode(), given.encode()):
        abort(400, "This page was too old to act on: open it again, then try again.")


def local_path(path: str, default: str) -> str:
    """Return a path inside the console, so that a log-in leads nowhere else."""
    parts = urlsplit(path)
    is_ours = not parts.scheme and not parts.netloc and path.startswith("/console/")
    is_plain = path.isprintable() and "\\" not in path and "//" not in parts.path
    return path if is_ours and is_plain else default
