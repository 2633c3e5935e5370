"""The last look at a payload before it leaves: no person in clear, whatever made it."""

import re
from functools import lru_cache
from typing import Any, Final

import orjson

CLEAR_KEYS: Final = ("click_id", "client_ip_address", "client_user_agent")

_USER_DATA: Final = b'"user_data":{'
_TEXT = r'"[^"\\]*"'  # one with a backslash is read as JSON
_CLEAR_END = re.compile(
    "".join(rf'(?:"{key}":{_TEXT},?)?' for key in CLEAR_KEYS).encode() + rb"\}\}"
)
_CLEAR_START: Final = b'"cli'  # the keys that may be clear, and no other
_DIGIT: Final = b"\x01"  # no JSON holds it
_TO_OUTLINE: Final = bytes.maketrans(b"0123456789abcdef\x01", 16 * _DIGIT + b"!")
_HASH = re.compile(r"[0-9a-f]{64}")
_HASH_LISTS = re.compile(rb'(?:"[^"]+":\["\x01{64}"(?:,"\x01{64}")*\],?)*')


def is_safe(body: bytes) -> bool:
    """Tell if all that is known of the person is hashed or may leave in clear.

    A payload as this release writes it is decided by its outline; any other is read
    as JSON.
    """
    start = body.find(_USER_DATA) + len(_USER_DATA)
    end = body.find(_CLEAR_START, start)
    if end < 0:
        end = len(body) - len(b"}}")
    if _CLEAR_END.fullmatch(body, end) is not None:
        outline = body[start:end].translate(_TO_OUTLINE)
        if _is_safe_outline(outline):
            return True
    return _is_safe_document(body)


@lru_cache(maxsize=512)
def _is_safe_outline(outline: bytes) -> bool:
    """Tell if there is nothing but keys, each with a list of hashes.

    The outline is the text with one sign for all hex digits: whoever it is about, the
    same fields have the same outline.
    """
    return _HASH_LISTS.fullmatch(outline) is not None


def _is_safe_document(body: bytes) -> bool:
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    user_data = event.get("user_data") if isinstance(event, dict) else None
    return isinstance(user_data, dict) and all(
        _is_fit(key, value) for key, value in user_data.items()
    )


def _is_fit(key: str, value: Any) -> bool:  # noqa: ANN401 - any JSON value
    if key in CLEAR_KEYS:
        return isinstance(value, str)
    return isinstance(value, list) and all(
        isinstance(one, str) and _HASH.fullmatch(one) for one in value
    )
