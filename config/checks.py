"""What a value must look like beyond its type. Each check returns it as it is kept.

Raises: Unfit, whose text continues the sentence "<key> …" and holds no secret.
"""

import re
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from pathlib import Path
from string import Formatter
from typing import Final
from urllib.parse import SplitResult, urlsplit

from config.values import Secret, Unfit

DATA_KEY_BYTES: Final = 32
PATH_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{22,}\Z")
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\Z")
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_DATABASES: Final = frozenset({"postgresql", "postgresql+psycopg", "sqlite"})
_BROKERS: Final = frozenset({"redis", "rediss", "amqp", "amqps", "sentinel"})
_COUNTRY: Final = re.compile(r"[A-Za-z]{2}\Z")


def _split(value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - a bad port shows itself only when it is read
    except ValueError:
        raise Unfit("is not an address") from None
    return parts


def public_url(value: str) -> str:
    """Keep scheme and host of our own address, without a slash at the end."""
    parts = _split(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Unfit("must be http:// or https:// and a host")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise Unfit("must end after the host: no path, query or user")
    return value.rstrip("/")


def platform_url(value: str) -> str:
    """Keep the platform's address: https, or http to this very machine."""
    parts = _split(value)
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        raise Unfit("must be https://, a host and a path, nothing else")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_near(value)):
        raise Unfit("must start with https:// (http only to 127.0.0.1)")
    return value.rstrip("/")


def is_near(url: str) -> bool:
    """Tell whether an address leads to this very machine."""
    return _split(url).hostname in _LOOPBACK


def database_url(value: Secret) -> Secret:
    """Keep a SQLite file or a PostgreSQL address; nothing else is supported."""
    text = re.sub(r"\Apostgres://", "postgresql://", value)
    if _split(text).scheme not in _DATABASES:
        raise Unfit("must start with sqlite:/// or postgresql://")
    if text.startswith("sqlite:") and not is_sqlite_file(text):
        raise Unfit("must name a file: web and worker are two processes")
    return Secret(text)


def is_sqlite_file(url: str) -> bool:
    """Tell whether the address names a SQLite file, not one in memory."""
    path = url.removeprefix("sqlite:///")
    return path not in {url, ""} and ":memory:" not in path


def broker_url(value: Secret) -> Secret:
    """Keep a broker that several processes can reach; empty means one box."""
    scheme = _split(value).scheme
    if scheme == "memory":
        raise Unfit(
            "must not be memory://: it lives in one process, the worker in another"
        )
    if value and scheme not in _BROKERS:
        raise Unfit("must start with redis:// or amqp://, or be empty")
    return value


def data_keys(values: tuple[Secret, ...]) -> tuple[Secret, ...]:
    """Keep keys of 32 bytes in base64url, at least one, no key twice."""
    if not values:
        raise Unfit("needs at least one key")
    for place, value in enumerate(values, start=1):
        if not _is_data_key(value):
            raise Unfit(f"has a key {place} that is not 32 bytes in base64url")
    if len(set(values)) < len(values):
        raise Unfit("holds one key twice")
    return values


def _is_data_key(value: str) -> bool:
    if not re.fullmatch(r"[A-Za-z0-9_-]{43}=?", value):
        return False
    try:
        return len(urlsafe_b64decode(value.rstrip("=") + "=")) == DATA_KEY_BYTES
    except NotBase64:
        return False


def sentry_dsn(value: Secret) -> Secret:
    """Keep an address with a public key and a project, or nothing."""
    parts = _split(value)
    is_complete = parts.scheme in {"http", "https"} and parts.username and parts.path
    if value and not is_complete:
        raise Unfit("must look like https://<key>@<host>/<project>")
    return value


def data_dir(value: Path) -> Path:
    """Keep a folder that is not the root of the disk."""
    if value == Path(value.anchor) and value.anchor:
        raise Unfit("must be a folder of its own")
    return value


def digits(value: str) -> str:
    """Keep a number as text, every digit of it."""
    if not re.fullmatch(r"[0-9]{1,32}", value):
        raise Unfit("must hold digits only")
    return value


def country(value: str) -> str:
    """Keep two letters in upper case, or nothing."""
    if value and not _COUNTRY.match(value):
        raise Unfit("must be two letters (ISO 3166), or empty")
    return value.upper()


def present(value: str) -> str:
    """Refuse an empty value."""
    if not value:
        raise Unfit("must not be empty")
    return value


def event_id(value: str) -> str:
    """Keep a template that differs from order to order."""
    _template(value, {"source", "shop", "order_id", "kind"}, "order_id")
    return value


def item_id(value: str) -> str:
    """Keep a template made of what an order line is known by."""
    _template(value, {"variant_id", "product_id", "sku"}, "")
    return value


def _template(value: str, known: set[str], needed: str) -> None:
    try:
        parts = list(Formatter().parse(value))
    except ValueError:
        raise Unfit("has a brace without its twin") from None
    names = {name for _, name, _, _ in parts if name is not None}
    if names - known or any(spec or conv for _, _, spec, conv in parts):
        raise Unfit(f"may hold only {', '.join(_braced(known))}")
    if not names or (needed and needed not in names):
        raise Unfit(f"must hold {_braced({needed} if needed else known)[0]}")


def _braced(names: set[str]) -> list[str]:
    return [f"{{{name}}}" for name in sorted(names)]
