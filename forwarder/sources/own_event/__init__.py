"""Our own event as JSON: what `standard_webhooks` and `POST /api/v1/events` take.

One schema, two doors. Our own API is strict: a misspelt field is an error that its
author reads at once. A webhook passes over what it does not know, since a sender who
adds a field must not lose its orders. Errors name fields and rules, never values.
"""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from forwarder.core.carried import Carried
from forwarder.core.choices import finish
from forwarder.core.event import (
    LOCAL_KINDS,
    ONE_OF_PERSON,
    SEVERAL_OF_PERSON,
    Consent,
    Event,
    Item,
    Kind,
    Money,
    Order,
    Person,
    Unreadable,
)
from forwarder.core.source import Options
from forwarder.sources.own_event.parts import (
    Errors,
    a_currency,
    a_kind,
    a_quantity,
    a_text,
    a_time,
    an_amount,
    an_event_id,
    field,
    flag,
    flat,
    needed,
    part,
    several,
    unknown,
)

MAX_ITEMS: Final = 1000


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
    errors = unknown(_SCHEMA, data, "") if is_strict else {}
    known: Mapping[str, Any] = {}
    try:
        known = _SCHEMA.load(data)
    except ValidationError as problem:
        errors |= flat(problem.messages, "")
    errors = errors or _contradictions(known)
    if errors:
        raise Invalid(errors)
    return finish(_event(known), options, Carried())


class _Loose(Schema):
    class Meta:
        unknown = EXCLUDE


_PERSON = _Loose.from_dict(
    {
        **{name: field(several) for name in SEVERAL_OF_PERSON},
        **{name: field(a_text) for name in ONE_OF_PERSON},
    },
    name="PersonSchema",
)
_ITEM = _Loose.from_dict(
    {
        "id": field(a_text),
        "name": field(a_text),
        "brand": field(a_text),
        "category": field(a_text),
        "quantity": field(a_quantity),
        "price": field(an_amount),
    },
    name="ItemSchema",
)
_ORDER = _Loose.from_dict(
    {
        "id": field(a_text),
        "value": field(an_amount),
        "currency": field(a_currency),
        "items": fields.List(
            fields.Nested(_ITEM),
            allow_none=True,
            load_default=None,
            validate=validate.Length(max=MAX_ITEMS),
        ),
        "discount_codes": field(several),
    },
    name="OrderSchema",
)
_CONSENT = _Loose.from_dict(
    {"opt_out": flag(), "ldp": flag(), "denied": flag()}, name="ConsentSchema"
)
_SCHEMA = _Loose.from_dict(
    {
        "event_id": needed(an_event_id),
        "kind": needed(a_kind),
        "occurred_at": needed(a_time),
        "person": part(_PERSON),
        "order": part(_ORDER),
        "page_url": field(a_text),
        "language": field(a_text),
        "search": field(a_text),
        "consent": part(_CONSENT),
        "test": flag(),
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
