"""Who may read, operate and post: console users and API keys."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from threading import BoundedSemaphore, Semaphore

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from forwarder.store.engine import Store
from forwarder.store.schema import api_keys, users
from forwarder.store.schema_access import sessions
from forwarder.store.schema_views import views

ROLES = ("viewer", "operator", "admin")
SCOPES = ("events:write", "read", "operate", "admin")
PASSWORD_MIN_CHARS = 10
MADE_BYTES = 12  # of a password that we make: 16 characters
KEY_BYTES = 32
FAILURES_MAX = 5
LOCKED_FOR = timedelta(minutes=5)
# OWASP's smaller choice: at the default, eight attempts at once take 512 MB.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# A flood of attempts must hold up neither the webhooks' CPU nor their threads.
_one_at_a_time = Semaphore(1)
_few_at_once = BoundedSemaphore(2)


class Crowded(Exception):
    """Others are logging in right now: try again in a moment."""


class Exists(Exception):
    """The name is taken: remove the old one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may log in to the console; not since `disabled_at`, if it is set."""

    name: str
    role: str
    created_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key by its name; the key itself is not kept, only its hash.

    `expires_at` is when it stops to open anything; None never.
    """

    name: str
    scope: str
    created_at: datetime
    expires_at: datetime | None = None


def new_password() -> str:
    """Return a password that nobody else has, to be shown once and then changed."""
    return secrets.token_urlsafe(MADE_BYTES)


def add_user(store: Store, user: User, password: str) -> None:
    """Let somebody log in. Raises: Exists."""
    row = {
        "name": user.name,
        "password_hash": _hasher.hash(password),
        "role": user.role,
        "created_at": user.created_at,
        "n_failures": 0,
        "locked_until": None,
        "disabled_at": user.disabled_at,
    }
    _add(store, users, row)


def remove_user(store: Store, name: str) -> bool:
    """Return whether there was such a user; their sessions and kept lists end."""
    with store.write() as connection:
        _end_sessions(connection, name)
        connection.execute(sa.delete(views).where(views.c.user_name == name))
        gone = connection.execute(sa.delete(users).where(users.c.name == name))
        return gone.rowcount > 0


def set_password(store: Store, name: str, password: str) -> bool:
    """Return whether there is such a user; their sessions end, wherever they are."""
    fresh = {
        "password_hash": _hasher.hash(password),
        "n_failures": 0,
        "locked_until": None,
    }
    with store.write() as connection:
        _end_sessions(connection, name)
        return _change(connection, name, fresh)


def set_role(store: Store, name: str, role: str) -> bool:
    """Return whether there is such a user; the new role counts from the next page."""
    with store.write() as connection:
        return _change(connection, name, {"role": role})


def disable_user(store: Store, name: str, now: datetime) -> bool:
    """Return whether a user who might log in was shut out; their sessions end."""
    with store.write() as connection:
        _end_sessions(connection, name)
        return _change(connection, name, {"disabled_at": now}, users.c.disabled_at)


def enable_user(store: Store, name: str) -> bool:
    """Return whether a user who was shut out may log in again."""
    is_out = users.c.disabled_at.is_not(None)
    change = sa.update(users).where(users.c.name == name, is_out)
    with store.write() as connection:
        return connection.execute(change.values(disabled_at=None)).rowcount > 0


def _change(
    connection: sa.Connection,
    name: str,
    values: dict[str, object],
    unless: sa.ColumnElement[datetime] | None = None,
) -> bool:
    """Return whether the user was there, and `unless` was NULL."""
    change = sa.update(users).where(users.c.name == name)
    if unless is not None:
        change = change.where(unless.is_(None))
    return connection.execute(change.values(values)).rowcount > 0


def _end_sessions(connection: sa.Connection, name: str) -> None:
    connection.execute(sa.delete(sessions).where(sessions.c.user_name == name))


def list_users(store: Store) -> Sequence[User]:
    """Return all users by name."""
    query = sa.select(*(users.c[name] for name in User.__slots__))
    with store.read() as connection:
        rows = connection.execute(query.order_by(users.c.name)).mappings().all()
    return [User(**row) for row in rows]


def log_in(store: Store, name: str, password: str, now: datetime) -> User | None:
    """Return the user if the password is right and the account is not locked.

    Five failures in a row lock it for five minutes. A name that does not exist costs
    as much time as a wrong password. Raises: Crowded.
    """
    if not _few_at_once.acquire(blocking=False):
        raise Crowded
    try:
        return _log_in(store, name, password, now)
    finally:
        _few_at_once.release()


def _log_in(store: Store, name: str, password: str, now: datetime) -> User | None:
    with store.read() as connection:
        row = connection.execute(sa.select(users).where(users.c.name == name)).first()
    is_right = _matches(_NOBODY if row is None else row.password_hash, password)
    if row is None or row.disabled_at is not None:
        return None
    if row.locked_until is not None and row.locked_until > now:
        return None
    n_failures = 0 if is_right else row.n_failures + 1
    is_locked = n_failures >= FAILURES_MAX
    with store.write() as connection:
        connection.execute(
            sa.update(users)
            .where(users.c.name == name)
            .values(
                n_failures=0 if is_locked else n_failures,
                locked_until=now + LOCKED_FOR if is_locked else None,
            )
        )
    return (
        User(name=row.name, role=row.role, created_at=row.created_at)
        if is_right
        else None
    )


_NOBODY = _hasher.hash("nobody's password")


def _matches(password_hash: str, password: str) -> bool:
    try:
        with _one_at_a_time:
            return _hasher.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def make_api_key(store: Store, key: ApiKey) -> str:
    """Return the text of a new key, which opens what its scope says. Raises: Exists."""
    text = f"fwd_{secrets.token_urlsafe(KEY_BYTES)}"
    add_api_key(store, key, text)
    return text


def add_api_key(store: Store, key: ApiKey, text: str) -> None:
    """Let the bearer of `text` in. Raises: Exists."""
    row = {
        "name": key.name,
        "key_sha256": _fingerprint(text),
        "scope": key.scope,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
    }
    _add(store, api_keys, row)


def remove_api_key(store: Store, name: str) -> bool:
    """Return whether there was such a key."""
    with store.write() as connection:
        return (
            connection.execute(
                sa.delete(api_keys).where(api_keys.c.name == name)
            ).rowcount
            > 0
        )


def list_api_keys(store: Store) -> Sequence[ApiKey]:
    """Return all keys by name, without what opens the door."""
    with store.read() as connection:
        rows = connection.execute(_API_KEYS.order_by(api_keys.c.name)).mappings().all()
    return [ApiKey(**row) for row in rows]


def find_api_key(store: Store, text: str, now: datetime) -> ApiKey | None:
    """Return whose key this is; None when it is nobody's or has expired.

    A plain hash is enough here: the keys are 32 random bytes, not passwords.
    """
    query = _API_KEYS.where(api_keys.c.key_sha256 == _fingerprint(text))
    with store.read() as connection:
        row = connection.execute(query).mappings().first()
    key = None if row is None else ApiKey(**row)
    if key is None or (key.expires_at is not None and key.expires_at <= now):
        return None
    return key


_API_KEYS = sa.select(
    api_keys.c.name, api_keys.c.scope, api_keys.c.created_at, api_keys.c.expires_at
)


def _fingerprint(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()


def _add(store: Store, table: sa.Table, row: dict[str, object]) -> None:
    try:
        with store.write() as connection:
            connection.execute(sa.insert(table), row)
    except sa.exc.IntegrityError as error:
        raise Exists(f"{row['name']!s} exists already") from error
