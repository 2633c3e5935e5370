"""Who is logged in: one row per browser, so that a log-out ends a copied cookie too."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa
import structlog

from forwarder.store.access import User
from forwarder.store.engine import Store
from forwarder.store.schema import users
from forwarder.store.schema_access import sessions
from forwarder.store.writer import StoreDown

LASTS = timedelta(hours=12)
IDLE_FOR = timedelta(hours=2)
SEEN_EVERY = timedelta(minutes=1)  # a write for each page would be one too many
TOKEN_BYTES = 32

log = structlog.get_logger(__name__)


def begin(store: Store, user: User, now: datetime) -> str:
    """Return the token of a new session; only its hash is kept."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = {
        "token_sha256": _digest(token),
        "user_name": user.name,
        "begun_at": now,
        "seen_at": now,
    }
    is_over = sessions.c.begun_at < now - LASTS
    with store.write() as connection:
        connection.execute(sa.delete(sessions).where(is_over))
        connection.execute(sa.insert(sessions), row)
    return token


def find(
    store: Store, token: str, now: datetime, *, is_seen: bool = True
) -> User | None:
    """Return who this session is of; None once it has ended.

    Limits: twelve hours in all, two without a page. A removed user is out at once,
    and whoever bears the name later is another one. Raises: StoreDown.
    """
    row = _row(store, token)
    if row is None or not row.begun_at <= now < row.begun_at + LASTS:
        return None
    if now >= row.seen_at + IDLE_FOR or row.begun_at < row.created_at:
        return None
    if is_seen and now >= row.seen_at + SEEN_EVERY:
        try:
            _see(store, token, now)
        except StoreDown:  # pages can be read all the same
            log.warning("session not noted as seen")
    return User(name=row.name, role=row.role, created_at=row.created_at)


_Found = sa.Row[datetime, datetime, str, str, datetime]


def _row(store: Store, token: str) -> _Found | None:
    query = sa.select(
        sessions.c.begun_at,
        sessions.c.seen_at,
        users.c.name,
        users.c.role,
        users.c.created_at,
    ).join_from(sessions, users, users.c.name == sessions.c.user_name)
    with store.read() as connection:
        found = query.where(
            sessions.c.token_sha256 == _digest(token), users.c.disabled_at.is_(None)
        )
        return connection.execute(found).first()


def _see(store: Store, token: str, now: datetime) -> None:
    seen = sa.update(sessions).where(sessions.c.token_sha256 == _digest(token))
    with store.write() as connection:
        connection.execute(seen.values(seen_at=now))


def end(store: Store, token: str) -> None:
    """End one session, in every browser that holds its cookie."""
    with store.write() as connection:
        connection.execute(
            sa.delete(sessions).where(sessions.c.token_sha256 == _digest(token))
        )


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()
