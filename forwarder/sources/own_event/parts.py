"""The fields of our own event: how each is read, and what is said of a wrong one."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields

from forwarder.core import reading as read
from forwarder.core.event import Kind
from forwarder.core.money import amount, currency
from forwarder.core.personal import told_name
from forwarder.core.source import EVENT_ID_MAX_CHARS

MAX_VALUES: Final = 50  # of one identifier of one person

Errors = dict[str, list[str]]

_SURROGATE = re.compile("[\ud800-\udfff]")


def a_text(value: object) -> str | None:
    """Return a text or number as stripped text, empty as None."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValidationError("Not a text.")
    written = str(value)
    if "\0" in written or _SURROGATE.search(written):
        raise ValidationError("Holds a character that cannot be stored.")
    found = read.text(value)
    if found is None and written.strip():
        raise ValidationError(f"Longer than {read.MAX_TEXT_CHARS} characters.")
    return found


def several(value: object) -> tuple[str, ...]:
    """Return one text or a list of them, each once."""
    values = value if isinstance(value, list) else [value]
    if len(values) > MAX_VALUES:
        raise ValidationError(f"More than {MAX_VALUES} values.")
    return read.texts(*(a_text(each) for each in values if each is not None))


def an_event_id(value: object) -> str:
    """Return an event_id, which must be there."""
    found = a_text(value)
    if found is None or len(found) > EVENT_ID_MAX_CHARS:
        raise ValidationError(f"Must have 1 to {EVENT_ID_MAX_CHARS} characters.")
    return found


def a_kind(value: object) -> Kind:
    """Return the kind, one of our words."""
    try:
        return Kind(value if isinstance(value, str) else "")
    except ValueError:
        words = ", ".join(sorted(Kind))
        raise ValidationError(f"Must be one of: {words}.") from None


def a_time(value: object) -> datetime:
    """Return a time. A date without a zone is refused: it may be hours off."""
    written = a_text(value) or ""
    found = read.moment(written)
    if found is None or not (read.EPOCH.fullmatch(written) or _has_zone(written)):
        raise ValidationError("Must be RFC 3339 with a zone, or epoch seconds.")
    return found


def _has_zone(written: str) -> bool:
    return datetime.fromisoformat(written.upper()).tzinfo is not None


def an_amount(value: object) -> Decimal:
    """Return an amount in the currency's main unit."""
    found = amount(value)
    if found is None:
        raise ValidationError("Not an amount such as 12.34.")
    return found


def a_currency(value: object) -> str:
    """Return a currency's code."""
    found = currency(value)
    if found is None:
        raise ValidationError("Not three letters (ISO 4217).")
    return found


def a_quantity(value: object) -> int:
    """Return a whole number, 0 or more."""
    found = read.whole(value)
    if found is None or found < 0:
        raise ValidationError("Not a whole number.")
    return found


def field(reader: Callable[[object], object]) -> fields.Field[Any]:
    """Return a field that a function reads; absent and null are both None."""
    return fields.Function(deserialize=reader, allow_none=True, load_default=None)


def needed(reader: Callable[[object], object]) -> fields.Field[Any]:
    """Return a field that must be there."""
    return fields.Function(deserialize=reader, required=True)


def flag() -> fields.Field[Any]:
    """Return a yes or no; absent is no."""
    return fields.Boolean(allow_none=True, load_default=False)


def part(schema: type[Schema]) -> fields.Field[Any]:
    """Return a field that is an object of its own."""
    return fields.Nested(schema, allow_none=True, load_default=None)


def unknown(schema: Schema, data: Mapping[str, object], path: str) -> Errors:
    """Return an error for each field of the data that the schema does not know."""
    errors: Errors = {}
    for name, value in data.items():
        field, where = schema.fields.get(name), f"{path}{told_name(name)}"
        if field is None:
            errors[where] = ["Unknown field."]
        elif isinstance(field, fields.Nested):
            errors |= unknown(field.schema, read.record(value), f"{where}.")
        elif isinstance(field, fields.List) and isinstance(field.inner, fields.Nested):
            for index, line in enumerate(value if isinstance(value, list) else ()):
                inner = field.inner.schema
                errors |= unknown(inner, read.record(line), f"{where}.{index}.")
    return errors


def flat(messages: Mapping[Any, Any] | list[str], path: str) -> Errors:
    """Return nested messages by their paths, `order.items.0.price`."""
    if isinstance(messages, list):
        return {path.rstrip("."): messages}
    errors: Errors = {}
    for name, below in messages.items():
        where = path if name == "_schema" else f"{path}{name}."
        errors |= flat(below, where)
    return errors
