"""Take people and secrets out of whatever is about to be written down.

Three nets, since none is enough: the key (a value under `email` is masked whatever it
is), the pattern (an address inside a sentence), and the exception's type (the message
of a ValueError often quotes the value).
"""

import re
from collections.abc import Collection, Mapping
from ipaddress import ip_address
from itertools import islice
from typing import Final

MASK: Final = "[masked]"
WITHHELD: Final = "[withheld: the text of such a fault may quote data]"
TEXT_MAX_CHARS: Final = 4_000
JSON_INT_BITS: Final = 64
DEPTH_MAX: Final = 6
ITEMS_MAX: Final = 100

_PERSON = (
    "person|e_?mail|mail|phone|tel|mobile|first_?name|last_?name|full_?name|surname|"
    "customer|subscriber|buyer|contact|address|street|city|zip|postal_?code|birthday|"
    "date_of_birth|dob|gender|ip|ip_address|remote_addr|forwarded_for|user_agent|"
    "external_id|maid|click_id|epik|em|ph|fn|ln"
)
_CONTENT = (
    "body|payload|headers|form|raw|query|query_string|cookies?|args|kwargs|params"
)
_SECRETS = (
    "authorization|auth|token|secret|password|passwd|passphrase|credential|api_?key|"
    "data_?key|private_?key|dsn|signature|session|csrf|database_url|broker_url"
)
_HIDDEN_KEY = re.compile(rf"(?:.*_)?(?:{_PERSON}|{_CONTENT}|{_SECRETS})s?\Z")
# Ids that are long numbers: no phone pattern on these, every other pattern stays.
_ID_KEYS = frozenset(
    {"order_id", "event_id", "notice", "request_id", "rid", "ad_account_id", "release"}
)

_USERINFO = re.compile(r"(://)[^/\s@\"']+@")
_BEARER = re.compile(r"\b(Bearer|Basic)(\s+|%20)[\w.~+/=-]{6,}", re.IGNORECASE)
_TOKEN = re.compile(
    r"\b(?:pina_|pinc_?|sk_|rk_|pk_|whsec_|shpss_|shpat_|fwd_)[\w+/=-]{8,}"
)
_HOOK = re.compile(r"(/hooks/[^/\s?\"']+/)[^/\s?\"']+")
_QUERY = re.compile(r"([?&][^=&\s\"']{1,64}=)[^&\s\"']+")
_EMAIL = re.compile(r"[^\s<>\"',;:/]*(?:@|%40)[^\s<>\"',;]+")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?=[\w:.]*:[\w:.]*:)[0-9A-Fa-f:.]{2,45}(?![\w:])")
_PHONE = re.compile(r"(?<![\w.-])\+?\(?\d[\d ()./-]{5,24}\d(?![\w-])")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?: \d{2})?\Z")
_UNSEEN = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_PHONE_DIGITS = range(7, 16)

# Packages whose messages name things, not values; ours keep that promise by rule.
_PLAIN_SPOKEN = frozenset(
    {
        "amqp", "celery", "click", "config", "cryptography", "forwarder", "kombu",
        "psycopg", "pysqlite3", "redis", "requests", "socket", "sqlalchemy",
        "sqlite3", "ssl", "urllib3", "werkzeug", "workers",
    }
)  # fmt: skip


def scrub(text: str, *, keep_numbers: bool = False) -> str:
    """Return the text without addresses, phones, IPs, tokens and path secrets.

    Line breaks and the like are left to JSON; what JSON leaves alone (bidirectional
    marks, separators, surrogates) is written as an escape.
    """
    text = text[:TEXT_MAX_CHARS].encode("utf-8", "backslashreplace").decode()
    text = _USERINFO.sub(rf"\1{MASK}@", text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    text = _TOKEN.sub(MASK, text)
    text = _HOOK.sub(rf"\1{MASK}", text)
    text = _QUERY.sub(rf"\1{MASK}", text)
    text = _EMAIL.sub(_email, text)
    text = _IPV6.sub(_address, text)
    text = _IPV4.sub(_address, text)
    if not keep_numbers:
        text = _PHONE.sub(_phone, text)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def clean(value: object, *, key: str = "", depth: int = 0) -> object:
    """Return the value fit to be written: plain, bounded, nobody and nothing in it."""
    if key and is_hidden(key) and not _is_harmless(value):
        return MASK
    if value is None or isinstance(value, int | float):
        return "[large number]" if _is_too_large(value) else value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _clean_container(value, depth + 1)
    if isinstance(value, BaseException):
        return fault_text(value)
    return scrub(str(value), keep_numbers=key in _ID_KEYS)


def is_hidden(key: str) -> bool:
    """Tell whether the name alone says that the value must not be shown."""
    return _HIDDEN_KEY.match(key.lower().replace("-", "_")) is not None


def fault_text(fault: BaseException) -> str:
    """Return what may be written about an exception: its type, seldom its message."""
    kind = type(fault)
    message = shown_message(
        kind.__module__, str(fault), is_system=isinstance(fault, OSError)
    )
    return f"{kind.__qualname__}: {message}" if message else kind.__qualname__


def shown_message(module: str, message: str, *, is_system: bool = False) -> str:
    """Return an exception's message, scrubbed, if its package speaks plainly."""
    if is_system or module.partition(".")[0] in _PLAIN_SPOKEN:
        return scrub(message)
    return WITHHELD if message else ""


def _clean_container(value: Collection[object], depth: int) -> object:
    if depth > DEPTH_MAX:
        return "[…]"
    if not isinstance(value, Mapping):
        return [clean(one, depth=depth) for one in islice(value, ITEMS_MAX)]
    return {
        scrub(str(key)): clean(one, key=str(key), depth=depth)
        for key, one in islice(value.items(), ITEMS_MAX)
    }


def _is_harmless(value: object) -> bool:
    """Absence may be told: it helps, and gives nobody away."""
    return value is None or isinstance(value, bool) or value == ""


def _is_too_large(value: float | None) -> bool:
    return isinstance(value, int) and value.bit_length() >= JSON_INT_BITS


def _email(found: re.Match[str]) -> str:
    """Mask it, unless it is the host of an address whose user is masked already."""
    before, mask, host = found[0].partition(f"{MASK}@")
    return found[0] if mask and not before and "@" not in host else "[e-mail]"


def _address(found: re.Match[str]) -> str:
    """Mask an IP; our own loopback and the unspecified one give nobody away."""
    try:
        parsed = ip_address(found[0].rstrip(".:") if "::" not in found[0] else found[0])
    except ValueError:
        return found[0]
    return found[0] if parsed.is_loopback or parsed.is_unspecified else "[ip]"


def _phone(found: re.Match[str]) -> str:
    n_digits = sum(one.isdigit() for one in found[0])
    if n_digits not in _PHONE_DIGITS or _DATE.match(found[0]):
        return found[0]
    return "[phone]"
