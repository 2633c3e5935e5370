"""The page and its language: kept for Pinterest, without what names a person."""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from forwarder.destinations.pinterest.texts import TOO_LONG, Drop

NOT_A_URL: Final = Drop("not_a_url")
LANGUAGE_UNKNOWN: Final = Drop("language_unknown")

MAX_URL_CHARS: Final = 4096
_HOST = r"https?://[A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9][A-Za-z0-9-]*)+"
_PARAMETER = r"(?:epik|utm_[a-z]+|variant|page|ref)=[\w.~-]*"
# Most pages: nothing in them to take out, so nothing is taken apart.
_HARMLESS = re.compile(
    rf"{_HOST}(?:/[\w./~-]*)?(?:\?{_PARAMETER}(?:&{_PARAMETER})*)?", re.ASCII
)
_SPACE_OR_CONTROL = re.compile("[\x00-\x20\x7f-\xa0\ud800-\udfff]|\\s")
_HOST_NAME = re.compile(r"(?:[^\W_](?:[\w-]*[^\W_])?\.)*[^\W_](?:[\w-]*[^\W_])?\.?")
_EMAIL = re.compile(r"[^/@\s]+@[^/@\s]+\.[^/@\s]+")
_PHONE = re.compile(r"(?:\+|00)[\d ().+-]{7,}")
_LANGUAGE = re.compile(r"\s*([a-z]{2})(?:[-_].{0,40})?\s*")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_TELLING_PARTS: Final = ("mail", "phone", "password", "token", "secret", "birth")
_TELLING_WORDS: Final = frozenset(
    {
        "address",
        "address1",
        "address2",
        "apikey",
        "auth",
        "authorization",
        "dob",
        "first",
        "firstname",
        "fname",
        "fullname",
        "hmac",
        "ip",
        "key",
        "last",
        "lastname",
        "lname",
        "login",
        "mobile",
        "name",
        "otp",
        "pass",
        "postcode",
        "pwd",
        "session",
        "sid",
        "sig",
        "signature",
        "sms",
        "street",
        "surname",
        "tel",
        "user",
        "userid",
        "username",
        "zip",
    }
)
_MAX_UNQUOTES: Final = 3


def page_url(text: str) -> tuple[str | Drop, tuple[str, ...]]:
    """Return the address fit to send, or why not, and which parts were taken out.

    `epik` and `utm_` parameters stay, all else that is left stays byte for byte.
    """
    if _HARMLESS.fullmatch(text) is not None and len(text) <= MAX_URL_CHARS:
        return text, ()
    if len(text) > MAX_URL_CHARS:
        return TOO_LONG, ()
    parts = _split(text.strip())
    return (NOT_A_URL, ()) if parts is None else _cleared(parts)


def _split(text: str) -> SplitResult | None:
    if _SPACE_OR_CONTROL.search(text) is not None:
        return None
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port  # reading the port checks it
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or host is None:
        return None
    is_named = _HOST_NAME.fullmatch(host) is not None or ":" in host
    return parts if is_named else None


def _cleared(parts: SplitResult) -> tuple[str, tuple[str, ...]]:
    host = parts.netloc.rpartition("@")[2]
    names_someone = _EMAIL.search(_unquoted(parts.path)) is not None
    path = "/" if names_someone else parts.path
    given = parts.query.split("&") if parts.query else []
    kept = [one for one in given if not _tells(one)]
    taken = {
        "page_url.user": host != parts.netloc,
        "page_url.path": names_someone,
        "page_url.query": len(kept) < len(given),
        "page_url.fragment": bool(parts.fragment),
    }
    query = f"?{'&'.join(kept)}" if kept else ""
    address = f"{parts.scheme}://{host}{path}{query}"
    return address, tuple(name for name, is_taken in taken.items() if is_taken)


def _tells(parameter: str) -> bool:
    """Tell if one parameter of a query may name a person or open a door."""
    raw_name, _, raw_value = parameter.partition("=")
    name, value = _unquoted(raw_name).lower(), _unquoted(raw_value)
    if name == "epik":
        return False
    if "@" in name or "@" in value or _PHONE.fullmatch(value.strip()) is not None:
        return True
    if name.startswith("utm_"):
        return False
    return any(part in name for part in _TELLING_PARTS) or not (
        _TELLING_WORDS.isdisjoint(_NOT_WORD.split(name))
    )


def _unquoted(text: str) -> str:
    """Undo percent signs, also those that were written twice."""
    for _ in range(_MAX_UNQUOTES):
        if "%" not in text:
            break
        text = unquote(text)
    return text


@lru_cache(maxsize=512)
def language(text: str) -> str | Drop:
    """Return the two letters of ISO 639-1: `en-US` is `en`."""
    found = _LANGUAGE.fullmatch(text.lower())
    return LANGUAGE_UNKNOWN if found is None else found[1]
