"""Our own event as JSON: what `standard_webhooks` and `POST /api/v1/events` take.

One schema, two doors. Our own API is strict: a misspelt field is an error that its
author reads at once. A webhook passes over what it does not know, since a sender who
adds a field must not lose its orders. Errors name fields and rules, never values.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from forwarder.core import reading as read
from forwarder.core.carried import Carried
from forwarder.core.choices import finish
from forwarder.core.event import (
    LOCAL_KINDS,
    Consent,
    Event,
    Item,
    Kind,
    Money,
    Order,
    Person,
    Unreadable,
)
from forwarder.core.money import amount, currency
from forwarder.core.personal import told_name
from forwarder.core.source import EVENT_ID_MAX_CHARS, Options

MAX_VALUES: Final = 50  # of one identifier of one person
MAX_ITEMS: Final = 1000

Errors = dict[str, list[str]]

_EPOCH = re.compile(r"[0-9]{1,14}(\.[0-9]+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Invalid(Unreadable):
    """An event that is not as documented; `errors` tells what to mend, per field."""

    def __init__(self, errors: Errors) -> None:
        """Keep the errors. Shape: field path to sentences; never a value."""
        super().__init__(f"not as documented: {', '.join(errors)}")
        self.errors = errors


def read_own_event(data: object, options: Options, *, is_strict: bool = True) -> Event:
    """Return the event in a decoded JSON value. Raises: Invalid, with every error.

    Shape: the object of the documentation; `is_strict` refuses unknown fields.
    """
    if not isinstance(data, dict):
        raise Invalid({"": ["Not an object."]})
    errors = _unknown(_SCHEMA, data, "") if is_strict else {}
    known: Mapping[str, Any] = {}
    try:
        known = _SCHEMA.load(data)
    except ValidationError as problem:
        errors |= _flat(problem.messages, "")
    errors = errors or _contradictions(known)
    if errors:
        raise Invalid(errors)
    return finish(_event(known), options, Carried())


def _text(value: object) -> str | None:
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


def _several(value: object) -> tuple[str, ...]:
    """Return one text or a list of them, each once."""
    values = value if isinstance(value, list) else [value]
    if len(values) > MAX_VALUES:
        raise ValidationError(f"More than {MAX_VALUES} values.")
    return read.texts(*(_text(each) for each in values if each is not None))


def _event_id(value: object) -> str:
    found = _text(value)
    if found is None or len(found) > EVENT_ID_MAX_CHARS:
        raise ValidationError(f"Must have 1 to {EVENT_ID_MAX_CHARS} characters.")
    return found


def _kind(value: object) -> Kind:
    try:
        return Kind(value if isinstance(value, str) else "")
    except ValueError:
        words = ", ".join(sorted(Kind))
        raise ValidationError(f"Must be one of: {words}.") from None


def _occurred_at(value: object) -> datetime:
    """Return a time. A date without a zone is refused: it may be hours off."""
    written = _text(value) or ""
    found = read.moment(written)
    if found is None or not (_EPOCH.fullmatch(written) or _has_zone(written)):
        raise ValidationError("Must be RFC 3339 with a zone, or epoch seconds.")
    return found


def _has_zone(written: str) -> bool:
    return datetime.fromisoformat(written).tzinfo is not None


def _amount(value: object) -> Decimal:
    found = amount(value)
    if found is None:
        raise ValidationError("Not an amount such as 12.34.")
    return found


def _currency(value: object) -> str:
    found = currency(value)
    if found is None:
        raise ValidationError("Not three letters (ISO 4217).")
    return found


def _quantity(value: object) -> int:
    found = read.whole(value)
    if found is None or found < 0:
        raise ValidationError("Not a whole number.")
    return found


def _field(reader: Callable[[object], object]) -> fields.Field[Any]:
    """Return a field that a function reads; absent and null are both None."""
    return fields.Function(deserialize=reader, allow_none=True, load_default=None)


def _needed(reader: Callable[[object], object]) -> fields.Field[Any]:
    return fields.Function(deserialize=reader, required=True)


def _flag() -> fields.Field[Any]:
    return fields.Boolean(allow_none=True, load_default=False)


def _part(schema: type[Schema]) -> fields.Field[Any]:
    return fields.Nested(schema, allow_none=True, load_default=None)


class _Loose(Schema):
    class Meta:
        unknown = EXCLUDE


SEVERAL: Final = (
    "email",
    "phone",
    "first_name",
    "last_name",
    "city",
    "state",
    "postal_code",
    "country",
    "date_of_birth",
    "gender",
    "external_id",
    "maid",
)
ONE: Final = ("ip", "user_agent", "click_id")

_PERSON = _Loose.from_dict(
    {
        **{name: _field(_several) for name in SEVERAL},
        **{name: _field(_text) for name in ONE},
    },
    name="PersonSchema",
)
_ITEM = _Loose.from_dict(
    {
        "id": _field(_text),
        "name": _field(_text),
        "brand": _field(_text),
        "category": _field(_text),
        "quantity": _field(_quantity),
        "price": _field(_amount),
    },
    name="ItemSchema",
)
_ORDER = _Loose.from_dict(
    {
        "id": _field(_text),
        "value": _field(_amount),
        "currency": _field(_currency),
        "items": fields.List(
            fields.Nested(_ITEM),
            allow_none=True,
            load_default=None,
            validate=validate.Length(max=MAX_ITEMS),
        ),
        "discount_codes": _field(_several),
    },
    name="OrderSchema",
)
_CONSENT = _Loose.from_dict(
    {"opt_out": _flag(), "ldp": _flag(), "denied": _flag()}, name="ConsentSchema"
)
_SCHEMA = _Loose.from_dict(
    {
        "event_id": _needed(_event_id),
        "kind": _needed(_kind),
        "occurred_at": _needed(_occurred_at),
        "person": _part(_PERSON),
        "order": _part(_ORDER),
        "page_url": _field(_text),
        "language": _field(_text),
        "search": _field(_text),
        "consent": _part(_CONSENT),
        "test": _flag(),
    },
    name="EventSchema",
)()


def _contradictions(known: Mapping[str, Any]) -> Errors:
    """Return what is wrong with fields that are each right by themselves."""
    errors: Errors = {}
    order: Mapping[str, Any] = known["order"] or {}
    if order.get("value") is not None and order.get("currency") is None:
        errors["order.currency"] = ["Required with a value."]
    kind, person = known["kind"], _person(known["person"])
    if kind is Kind.ERASE:
        if not (person.email or person.phone or person.external_id):
            errors["person"] = ["Needs email, phone or external_id."]
    elif kind in LOCAL_KINDS:
        if order.get("id") is None:
            errors["order.id"] = ["Required with this kind."]
    elif not (person.email or person.maid or (person.ip and person.user_agent)):
        errors["person"] = ["Needs email, maid, or both ip and user_agent."]
    return errors


def _event(known: Mapping[str, Any]) -> Event:
    consent: Mapping[str, Any] = known["consent"] or {}
    return Event(
        event_id=known["event_id"],
        kind=known["kind"],
        occurred_at=known["occurred_at"],
        person=_person(known["person"]),
        order=_order(known["order"]),
        consent=Consent(**{name: bool(value) for name, value in consent.items()}),
        page_url=known["page_url"],
        language=known["language"],
        search=known["search"],
        is_test=bool(known["test"]),
    )


def _person(known: Mapping[str, Any] | None) -> Person:
    values = {} if known is None else known
    return Person(**{name: value for name, value in values.items() if value})


def _order(known: Mapping[str, Any] | None) -> Order | None:
    if known is None:
        return None
    value, code = known["value"], known["currency"]
    return Order(
        id=known["id"],
        value=None if value is None else Money(amount=value, currency=code),
        items=tuple(Item(**line) for line in known["items"] or ()),
        discount_codes=known["discount_codes"] or (),
    )


def _unknown(schema: Schema, data: Mapping[str, object], path: str) -> Errors:
    """Return an error for each field of the data that the schema does not know."""
    errors: Errors = {}
    for name, value in data.items():
        field, where = schema.fields.get(name), f"{path}{told_name(name)}"
        if field is None:
            errors[where] = ["Unknown field."]
        elif isinstance(field, fields.Nested):
            errors |= _unknown(field.schema, read.record(value), f"{where}.")
        elif isinstance(field, fields.List) and isinstance(field.inner, fields.Nested):
            for index, line in enumerate(value if isinstance(value, list) else ()):
                inner = field.inner.schema
                errors |= _unknown(inner, read.record(line), f"{where}.{index}.")
    return errors


def _flat(messages: Mapping[Any, Any] | list[str], path: str) -> Errors:
    """Return nested messages by their paths, `order.items.0.price`."""
    if isinstance(messages, list):
        return {path.rstrip("."): messages}
    errors: Errors = {}
    for name, below in messages.items():
        where = path if name == "_schema" else f"{path}{name}."
        errors |= _flat(below, where)
    return errors
