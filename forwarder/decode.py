"""Decode JSON bodies fast where that is safe, carefully where it is not.

orjson decodes an order several times as fast as the standard library, but keeps the
last of two equal keys and lets NUL through. A body that might hold one of those goes to
the careful reader in `core.bodies`, whose word counts. Integers beyond 64 bits come as
floats, which `core.reading.text` takes for no id.
"""

from typing import Final

import orjson

from forwarder.core import bodies
from forwarder.core import reading as read
from forwarder.core.event import Unreadable

_MEMBER: Final = b'":'  # ends every key, as all platforms write them
_DOUBTFUL: Final = (b"\\u0000", b"\\u0022")  # NUL; a quote that could fake a key


def read_json(body: bytes) -> object:
    """Return the decoded body as `core.bodies.read_json` would. Raises: Unreadable.

    Limits: nested at most 254 deep where nothing else is in doubt.
    """
    value = _fast(body)
    return bodies.read_json(body) if value is None else value


def read_object(body: bytes) -> dict[str, object]:
    """Return the decoded body, a JSON object. Raises: Unreadable."""
    value = read_json(body)
    if not isinstance(value, dict):
        raise Unreadable("the body is JSON, but no object")
    return value


def read_fields(body: bytes) -> dict[str, object]:
    """Return a JSON object or a form, whichever it is. Raises: Unreadable."""
    return read_object(body) if bodies.is_object(body) else bodies.read_form(body)


def delivery_key(body: bytes, id_name: str, *candidates: str | None) -> str:
    """Return the first candidate, else the id in the object, else a hash of the body.

    What is not fit for a delivery key is passed over; never raises.
    """
    try:
        found = read.text(read.at(read_json(body), id_name))
    except Unreadable:
        found = None
    return read.short_key(body, *candidates, found)


def _fast(body: bytes) -> object | None:
    """Return the decoded body, None where only the careful reader can tell."""
    if any(doubt in body for doubt in _DOUBTFUL):
        return None
    try:
        value: object = orjson.loads(body)
        again = orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    # Written out again, a key that stood twice stands once.
    return value if again.count(_MEMBER) == body.count(_MEMBER) else None
