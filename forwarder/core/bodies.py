"""From the bytes that strangers send to values: careful, whatever is in them.

A body that no careful reader accepts is `Unreadable`, whatever is wrong.
"""

import json
import re
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qsl

from forwarder.core.event import Unreadable

MAX_DEPTH: Final = 64
MAX_FORM_FIELDS: Final = 2000

_BRACKETS = re.compile(r"\[([^\[\]]*)\]")


def read_json(body: bytes) -> object:
    """Return the decoded body: numbers exact, no duplicate keys, no NaN, no NUL.

    Limits: UTF-8, nested at most 64 deep. Raises: Unreadable, and nothing else.
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        value: object = _DECODER.decode(body.decode())
    except (ValueError, ArithmeticError, RecursionError) as fault:
        raise Unreadable(_unread(body, fault)) from None
    has_escapes = b"\\u" in body  # without one, no text holds a NUL or half a letter
    if has_escapes or body.count(b"{") + body.count(b"[") > MAX_DEPTH:
        _check(value, texts=has_escapes)
    return value


def _unread(body: bytes, fault: Exception) -> str:
    """Return why a body is no JSON, never a word of it."""
    if not body.strip():
        return "the body is empty"
    if isinstance(fault, UnicodeDecodeError):
        return "the body is not in UTF-8: let the sender write it so"
    if isinstance(fault, json.JSONDecodeError):
        is_open = fault.msg.startswith("Unterminated")
        if is_open or fault.pos >= len(fault.doc.rstrip()):
            return "the body is cut off: its JSON has no end"
    return "the body is not JSON that we can read"


def read_form(body: bytes) -> dict[str, object]:
    """Return a form body as nested values: `data[merges][FNAME]=Ada` three deep.

    The first of several equal keys wins, so that a field added by a visitor cannot
    overwrite the sender's own. Raises: Unreadable, and nothing else.
    """
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FORM_FIELDS,
        )
    except ValueError:
        raise Unreadable("the body is not a form that we can read") from None
    form: dict[str, object] = {}
    for name, value in pairs:
        _put(form, name, value)
    _check(form, texts=True)
    return form


def is_object(body: bytes) -> bool:
    """Tell whether a body that may be a form looks like a JSON object."""
    return body.lstrip().startswith(b"{")


def _check(value: object, *, texts: bool) -> None:
    """Return if the value is at most 64 deep and, if asked, its texts can be stored.

    PostgreSQL holds no NUL and no encoding writes a lone surrogate. Raises: Unreadable.
    """
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[object] = []
        for node in level:
            if isinstance(node, dict):
                below.extend(node.values())
                if texts:
                    below.extend(node)
            elif isinstance(node, list):
                below.extend(node)
            elif texts and isinstance(node, str):
                _check_text(node)
        if not below:
            return
        level = below
    raise Unreadable("the body is nested too deep")


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(_word: str) -> None:
    raise ValueError("NaN and infinity are no JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=Decimal, parse_constant=_refuse
)


def _check_text(value: str) -> None:
    if "\0" in value:
        raise Unreadable("a text holds a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unreadable("a text holds half a character") from None


def _put(form: dict[str, object], name: str, value: str) -> None:
    head, bracket, rest = name.partition("[")
    path = [head, *_BRACKETS.findall(bracket + rest)] if bracket else [name]
    if len(path) > MAX_DEPTH:
        raise Unreadable("the body is nested too deep")
    node = form
    for step in path[:-1]:
        below = node.setdefault(step, {})
        if not isinstance(below, dict):
            return
        node = below
    node.setdefault(path[-1] or str(len(node)), value)
