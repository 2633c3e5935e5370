"""Zapier, Make, n8n: our own event, as a person puts it together in such a tool.

Signing: none; the secret is a token in `Authorization: Bearer`, in `X-Webhook-Token`
or the password of Basic. Retries: as the tool does.
Bodies are JSON, or forms that write parts of parts with brackets, dots or two
underscores: `order[value]`, `order.value`, `order__value`. A field left empty in the
tool is a field not told.
Source: our own; docs/sources/zapier.md
"""

import re
from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import bodies, tokens
from forwarder.core import reading as read
from forwarder.core.event import Notice, Reading, Unreadable
from forwarder.core.source import Options
from forwarder.sources.own_event import read_own_event

_STEP: Final = re.compile(r"__|\.")


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:  # noqa: ARG001
    """Return if a header shows `secret`. Raises: Forged."""
    tokens.verify_header(notice, secret)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:  # noqa: ARG001
    """Return the notice with the secret in its header, by default as bearer."""
    return tokens.with_token(notice, secret)


def redacted(notice: Notice) -> Notice:
    """Return the notice without the headers that show the secret; never raises."""
    return tokens.without_token(notice)


def delivery_key(notice: Notice) -> str:
    """Return the hash of the body.

    Not the `event_id`: an event that was mended and sent again would be a repeat.
    """
    return read.short_key(notice.body)


def parse(notice: Notice, options: Options) -> Reading:
    """Return the event of a notice. Raises: Invalid, naming every wrong field."""
    data = decode.read_fields(notice.body)
    if not bodies.is_object(notice.body):
        data = _nested(data)
    told = _told(data, 0)
    return Reading(events=(read_own_event(told, options, is_strict=False),))


def _nested(form: dict[str, object]) -> dict[str, object]:
    """Return a form whose names are paths as parts of parts; the first name wins."""
    nested: dict[str, object] = {}
    for name, value in form.items():
        *path, last = _STEP.split(name, maxsplit=bodies.MAX_DEPTH)
        node = nested
        for step in path:
            below = node.setdefault(step, {})
            if not isinstance(below, dict):
                break
            node = below
        else:
            node.setdefault(last, value)
    return nested


def _told(value: object, depth: int) -> object:
    """Return what is told: no empty fields, and lists where a form numbers its rows."""
    if depth > bodies.MAX_DEPTH:
        raise Unreadable("the body is nested too deep")
    if isinstance(value, list):
        return [_told(each, depth + 1) for each in value]
    if not isinstance(value, dict):
        return value
    filled = {k: _told(v, depth + 1) for k, v in value.items() if v not in ("", None)}
    is_list = bool(filled) and all(name.isdigit() for name in filled)
    return list(filled.values()) if is_list else filled
