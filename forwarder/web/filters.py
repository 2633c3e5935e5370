"""Read a filter of the delivery log from a query string or from options."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from forwarder.core.delivery import Status
from forwarder.core.personal import told_name
from forwarder.store.log import ID_MAX, PAGE, PAGE_MAX, Filter

TEXT_MAX = 4_096
SOUGHT_MAX = 256
ATTEMPTS_MAX = 1_000_000
MARKS_MAX = 32  # of a person; one by each data key
_NUMBER = re.compile(r"[0-9]{1,18}")
_MARK = re.compile(r"[0-9a-f]{64}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class BadFilter(ValueError):
    """A filter holds an unknown name or an unusable value; `errors` says which."""

    def __init__(self, errors: Mapping[str, Any]) -> None:
        """Take the errors by name."""
        super().__init__("; ".join(sentences(errors)))
        self.errors = errors


class Moment(fields.Field[datetime]):
    """A date, or a time with an offset; without one it is UTC."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:  # noqa: ANN401
        try:
            at = datetime.fromisoformat(str(value))
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ValidationError(
                "a date or time, such as 2026-11-21T08:00Z"
            ) from error


def storable(value: str) -> None:
    """Refuse what neither database can hold, so that it can not be compared either."""
    if _UNSTORABLE.search(value):
        raise ValidationError("holds a character that is stored nowhere")


def _text(**options: Any) -> fields.String:  # noqa: ANN401
    return fields.String(validate=[validate.Length(max=TEXT_MAX), storable], **options)


# An e-mail address or a phone number to look for.
SOUGHT: Final = (
    validate.Regexp(r"\s*\S", error="an e-mail address or a phone number"),
    validate.Length(max=SOUGHT_MAX),
    storable,
)


class Numbers(fields.Field[tuple[int, ...]]):
    """Numbers of deliveries, such as `17,23`."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[int, ...]:  # noqa: ANN401
        parts = str(value).split(",")
        if len(parts) > PAGE_MAX or not all(map(_NUMBER.fullmatch, parts)):
            raise ValidationError(
                f"up to {PAGE_MAX:,} numbers of deliveries, such as 17,23"
            )
        return tuple(sorted({int(part) for part in parts}))


class Marks(fields.Field[tuple[str, ...]]):
    """Marks of a person, as a search for an address or phone number answers them."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, ...]:  # noqa: ANN401
        parts = str(value).split(",")
        if len(parts) > MARKS_MAX or not all(map(_MARK.fullmatch, parts)):
            raise ValidationError(
                "the marks of a person: post the address or number to get them"
            )
        return tuple(sorted(set(parts)))


class _FilterSchema(Schema):
    class Meta:
        unknown = RAISE

    status = fields.Enum(Status, by_value=True)
    source = _text()
    endpoint = _text()
    destination = _text()
    kind = _text()
    order_id = _text(data_key="order")
    event_id = _text()
    reason = _text()
    is_test = fields.Boolean(data_key="test")
    attempts_min = fields.Integer(
        data_key="attempts", validate=validate.Range(min=0, max=ATTEMPTS_MAX)
    )
    http = fields.String(
        validate=validate.Regexp(
            r"(?:[1-5](?:xx|[0-9][0-9])|none)\Z",
            error="a code such as 429, a class such as 4xx, or none",
        )
    )
    batch = fields.Integer(validate=validate.Range(min=1, max=ID_MAX))
    request_id = _text()
    person = Marks()
    since = Moment()
    until = Moment()
    ids = Numbers()
    before_id = fields.Integer(
        data_key="cursor", validate=validate.Range(min=1, max=ID_MAX)
    )
    limit = fields.Integer(
        load_default=PAGE, validate=validate.Range(min=1, max=PAGE_MAX)
    )


_SCHEMA = _FilterSchema()


def told_errors(error: ValidationError) -> dict[str, object]:
    """Return what is wrong by field; a name that may be a value is not told."""
    messages: dict[str, object] = error.normalized_messages()  # type: ignore[no-untyped-call]
    return {told_name(name): texts for name, texts in messages.items()}


def sentences(errors: Mapping[Any, Any], before: str = "") -> list[str]:
    """Return what is wrong, a sentence each: rows are counted from one."""
    found = []
    for name, told in errors.items():
        here = f"{before}{name + 1 if isinstance(name, int) else name}"
        if isinstance(told, Mapping):
            found += sentences(told, f"{here}, ")
        else:
            texts = told if isinstance(told, list) else [told]
            found += [f"{here}: {text}" for text in texts]
    return found


def errors_by_field(error: ValidationError) -> dict[str, object]:
    """Return the same with lists of sentences alone, also of rows inside a field."""
    return {
        name: sentences(told) if isinstance(told, Mapping) else told
        for name, told in told_errors(error).items()
    }


def read_filter(given: Mapping[str, str]) -> tuple[Filter, int]:
    """Return the filter and how many lines a page has. Raises: BadFilter.

    Empty values leave a field open, as an empty box of a form does.
    """
    filled = {name: value for name, value in given.items() if value not in {"", None}}
    try:
        values = _SCHEMA.load(filled)
    except ValidationError as error:
        raise BadFilter(told_errors(error)) from error
    n_max = values.pop("limit")
    return Filter(**values), n_max
