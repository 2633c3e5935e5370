"""What a value must look like beyond its type. Each check returns it as it is kept.

Raises: Unfit, whose text continues the sentence "<key> …" and holds no secret.
"""

import re
from base64 import b64decode, urlsafe_b64decode
from binascii import Error as NotBase64
from http import HTTPStatus
from ipaddress import ip_network
from pathlib import Path
from string import Formatter
from typing import Final
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config.values import Secret, Unfit

DATA_KEY_BYTES: Final = 32
STANDARD_SECRET_BYTES: Final = 24
SECRET_MIN_CHARS: Final = 8
PATH_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{22,}\Z")
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\Z")
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_DATABASES: Final = frozenset({"postgresql", "postgresql+psycopg", "sqlite"})
_BROKERS: Final = frozenset({"redis", "rediss", "amqp", "amqps", "sentinel"})
_WINDOW_DAYS: Final = frozenset({"0", "1", "7", "14", "30", "60"})
_COUNTRY: Final = re.compile(r"[A-Za-z]{2}\Z")
_HOST: Final = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z|\[[0-9a-f:.]+\]\Z")


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


def origins(values: tuple[str, ...]) -> tuple[str, ...]:
    """Keep origins as browsers write them: scheme, host and port, or null."""
    return tuple(value if value == "null" else _origin(value) for value in values)


def _origin(value: str) -> str:
    parts = _split(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Unfit('must hold https:// and a host each, or "null"')
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise Unfit("must hold scheme and host only: no path, query or user")
    return value.rstrip("/").lower()


def windows(value: str) -> str:
    """Keep three attribution windows that Pinterest knows, the longest first."""
    days = [int(part) for part in value.split("/") if part in _WINDOW_DAYS]
    if len(days) != 3 or value.count("/") != 2:  # noqa: PLR2004  click, engage, view
        raise Unfit("must be three of 0, 1, 7, 14, 30 and 60 with / between")
    if days != sorted(days, reverse=True):
        raise Unfit("must not have a longer window after a shorter one")
    return value


def time_zone(value: str) -> str:
    """Keep the name of a time zone that this machine knows."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Unfit("must be a time zone this machine knows") from None
    return value


def platform_url(value: str) -> str:
    """Keep the platform's address: https, or http to this very machine."""
    parts = _split(value)
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        raise Unfit("must be https://, a host and a path, nothing else")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_near(value)):
        raise Unfit("must start with https:// (http only to 127.0.0.1)")
    return value.rstrip("/")


def api_url(value: str) -> str:
    """Keep the address of a shop's API as `platform_url` does, or nothing."""
    return platform_url(value) if value else value


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
    """Keep keys of 32 bytes in base64url, at least one, no key twice.

    One value may hold several with commas between, as `forwarder keys rotate` writes.
    """
    values = tuple(
        Secret(part.strip()) for value in values for part in value.split(",") if part
    )
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


def mailboxes(values: tuple[str, ...]) -> tuple[str, ...]:
    """Keep plain addresses, each with one @."""
    for value in values:
        if not re.fullmatch(r"[^@\s<>,]+@[^@\s<>,]+", value):
            raise Unfit("must be plain e-mail addresses, such as ops@example.com")
    return values


def standard_secret(value: Secret) -> Secret:
    """Keep a signing secret of Standard Webhooks with 24 bytes or more, or nothing."""
    if not value:
        return value
    text = value.removeprefix("whsec_")
    try:
        is_strong = len(b64decode(text, validate=True)) >= STANDARD_SECRET_BYTES
    except NotBase64:
        is_strong = False
    if not is_strong or text == value:
        raise Unfit("must be whsec_ and the base64 of 24 bytes or more")
    return value


def hosts(values: tuple[str, ...]) -> tuple[str, ...]:
    """Keep names of hosts in small letters, without scheme, port and path."""
    kept = tuple(value.strip().lower() for value in values)
    if any(not _HOST.match(value) for value in kept):
        raise Unfit("must hold names of hosts only: no https://, port or path")
    return kept


def parameter(value: str) -> str:
    """Keep a name that needs no escape in a query or a cookie."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,31}", value):
        raise Unfit("must be letters, digits, - and _, and begin with a letter")
    return value


def redirect(value: int) -> int:
    """Keep 302: what a browser remembers it does not ask for again."""
    if value != HTTPStatus.FOUND:
        raise Unfit("must be 302: browsers remember a 301 and skip us from then on")
    return value


def header(value: str) -> str:
    """Keep the name of a header, or nothing."""
    if value and not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,63}", value):
        raise Unfit("must be the name of a header, or empty")
    return value


def networks(values: tuple[str, ...]) -> tuple[str, ...]:
    """Keep addresses and networks of them."""
    for value in values:
        try:
            ip_network(value)
        except ValueError:
            raise Unfit("must hold addresses such as 203.0.113.7 or /24 ones") from None
    return values
