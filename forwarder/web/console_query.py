"""What pages of the console read from an address or a form."""

from collections.abc import Mapping
from typing import Any, NoReturn

from flask import abort, request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.datastructures import MultiDict

from forwarder.store.log import ID_MAX
from forwarder.web.console_list import error_texts
from forwarder.web.filters import storable, told_errors

REASON_MAX_CHARS = 500


class _CursorSchema(Schema):
    """Where a page begins: behind the last line of the page before."""

    class Meta:
        unknown = EXCLUDE

    cursor = fields.Integer(
        load_default=None, validate=validate.Range(min=1, max=ID_MAX)
    )


class _ReasonSchema(Schema):
    """Why somebody does something: a few words, for whoever comes later."""

    class Meta:
        unknown = EXCLUDE  # the token is checked elsewhere

    because = fields.String(
        load_default="",
        validate=[validate.Length(max=REASON_MAX_CHARS), storable],
    )


def read(schema: Schema, given: Mapping[str, str]) -> dict[str, Any]:
    """Return what was given, checked; end with 422 and a sentence otherwise.

    Empty boxes count as not filled in.
    """
    try:
        values: dict[str, Any] = schema.load({k: v for k, v in given.items() if v})
    except ValidationError as error:
        refuse(told_errors(error))
    return values


def refuse(errors: Mapping[str, Any]) -> NoReturn:
    """End with 422 and what is wrong, by name."""
    abort(422, f"It cannot be used: {'; '.join(error_texts(errors))}")


def given_filter(given: MultiDict[str, str]) -> dict[str, str]:
    """Return a filter as it was filled in; lines ticked one by one become one text."""
    filled = {name: text for name, text in given.items() if text}
    ticked = [text for text in given.getlist("ids") if text]
    return {**filled, "ids": ",".join(ticked)} if ticked else filled


def read_cursor() -> int | None:
    """Return where the page begins; None at the newest."""
    cursor: int | None = read(_CursorSchema(), request.args)["cursor"]
    return cursor


def read_reason() -> str:
    """Return why, as it was typed; end with 422 where nothing was."""
    reason: str = read(_ReasonSchema(), request.form)["because"].strip()
    if not reason:
        abort(
            422, "Say why in a few words: it goes into the audit log. Then try again."
        )
    return reason
