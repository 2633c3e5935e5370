"""Who is at the console: log-in, roles, and tokens against forged forms.

The session is Flask's signed cookie: it names the user and when they logged in. Role
and existence are read from the store each time, so that a removed user is out at once.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from hmac import compare_digest
from secrets import token_urlsafe
from typing import Final, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Response, abort, g, request, session

from forwarder.store import Store
from forwarder.store.access import ROLES, User, find_user

LASTS: Final = timedelta(hours=12)
FIELD: Final = "token"
TOKEN_BYTES: Final = 24
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def begin(user: User, now: datetime) -> None:
    """Start a session; whatever the cookie held before is gone, its token too."""
    session.clear()
    session["user"] = user.name
    session["made"] = user.created_at.isoformat()
    session["at_s"] = int(now.timestamp())


def end() -> None:
    """End the session of this browser."""
    session.clear()


def who(store: Store, now: datetime) -> User | None:
    """Return who is logged in; None after twelve hours or when the user is gone."""
    name, at_s = session.get("user"), session.get("at_s")
    if name is None or at_s is None:
        return None
    if not 0 <= now.timestamp() - at_s < LASTS.total_seconds():
        return None
    user = find_user(store, name)
    # Somebody else may bear the name of a removed user by now.
    is_same = user is not None and user.created_at.isoformat() == session.get("made")
    return user if is_same else None


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
                abort(
                    403, f"This needs the role {role}: ask whoever runs this service."
                )
            return view(*args, **kwargs)

        return guarded

    return decorate


def form_token() -> str:
    """Return the token that each form of this session carries."""
    if FIELD not in session:
        session[FIELD] = token_urlsafe(TOKEN_BYTES)
    token: str = session[FIELD]
    return token


def check_token() -> None:
    """Return if the posted form is one of ours; answer 400 otherwise."""
    given = request.form.get(FIELD, "")
    known = session.get(FIELD, "")
    if not known or not compare_digest(known.encode(), given.encode()):
        abort(400, "This page was too old to act on: open it again, then try again.")


def local_path(path: str, default: str) -> str:
    """Return a path inside the console, so that a log-in leads nowhere else."""
    parts = urlsplit(path)
    is_ours = not parts.scheme and not parts.netloc and path.startswith("/console/")
    is_plain = path.isprintable() and "\\" not in path and "//" not in parts.path
    return path if is_ours and is_plain else default


def harden(response: Response) -> Response:
    """Return the answer with the headers that keep strangers and caches out."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
