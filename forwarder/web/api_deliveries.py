"""`/api/v1/deliveries…`: the log as a file, and a person in clear with a reason."""

from dataclasses import replace
from typing import Any

import orjson
from flask import Blueprint, Response, g, request
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from forwarder.store import audit, log, people, reveal, story
from forwarder.store.log import Filter
from forwarder.store.writer import StoreDown
from forwarder.web import bodies, export
from forwarder.web.api import later, needs, unread
from forwarder.web.console_export import file_of
from forwarder.web.console_query import REASON_MAX_CHARS
from forwarder.web.desk import web_desk
from forwarder.web.filters import (
    SOUGHT,
    BadFilter,
    read_filter,
    storable,
    told_errors,
)
from forwarder.web.hooks import answer
from forwarder.web.person import opened_json
from forwarder.web.shapes import page_json

PAGING = frozenset({"cursor", "limit"})

api_deliveries = Blueprint("api_deliveries", __name__, url_prefix="/api/v1")
api_deliveries.register_error_handler(StoreDown, later)
for refusal in (bodies.CutOff, bodies.TooLarge, bodies.TooSlow):
    api_deliveries.register_error_handler(refusal, unread)


class _ReasonSchema(Schema):
    class Meta:
        unknown = RAISE

    because = fields.String(
        required=True,
        validate=[
            validate.Regexp(r"\s*\S", error="say why it has to be seen"),
            validate.Length(max=REASON_MAX_CHARS),
            storable,
        ],
    )


class _PersonSchema(Schema):
    class Meta:
        unknown = RAISE

    value = fields.String(required=True, validate=SOUGHT)


@api_deliveries.get("/deliveries.csv")
@needs("read")
def get_csv() -> Response:
    """Return all that a filter finds for a spreadsheet, newest first."""
    return _file(export.CSV)


@api_deliveries.get("/deliveries.ndjson")
@needs("read")
def get_ndjson() -> Response:
    """Return all that a filter finds, a line of JSON each, newest first."""
    return _file(export.NDJSON)


def _file(form: str) -> Response:
    paging = PAGING & set(request.args)
    if paging:
        whole = ["a file takes the whole filter"]
        return answer(422, {"errors": dict.fromkeys(sorted(paging), whole)})
    try:
        wanted, _ = read_filter(request.args)
    except BadFilter as bad:
        return answer(422, {"errors": bad.errors})
    return file_of(replace(wanted, before_id=None), form, _who(), request.args)


def _who() -> str:
    return f"key:{g.api_key.name}"


@api_deliveries.post("/deliveries/person")
@needs("read")
def post_person() -> Response:
    """Return the newest deliveries of an e-mail address or phone number.

    Posted, since addresses are logged; `person` of the answer stands for the value.
    """
    told = _told(_PersonSchema())
    if isinstance(told, Response):
        return told
    desk = web_desk()
    marks = people.marks_of(desk.store, [told["value"]])
    page = log.list_deliveries(desk.store, Filter(person=marks))
    found = {"person": ",".join(marks), "found_for_days": desk.found_for_days}
    return answer(200, {**found, **page_json(page)})


def _told(schema: Schema) -> dict[str, Any] | Response:
    """Return what a body says, or the answer that it cannot be used."""
    try:
        found: dict[str, Any] = schema.load(
            orjson.loads(bodies.read_body(request.environ))
        )
    except orjson.JSONDecodeError as error:
        return answer(400, {"error": f"not JSON: {error.msg} at {error.pos}"})
    except ValidationError as error:
        return answer(422, {"errors": told_errors(error)})
    return found


@api_deliveries.post("/deliveries/<int:delivery_id>/reveal")
@needs("operate")
def post_reveal(delivery_id: int) -> Response:
    """Return who a delivery is about and its request, in clear; audited first."""
    told = _told(_ReasonSchema())
    if isinstance(told, Response):
        return told
    desk = web_desk()
    if story.show(desk.store, delivery_id) is None:
        return answer(404, {"error": "no such delivery"})
    opened = reveal.open_delivery(desk.store, delivery_id)
    subject = f"delivery {delivery_id}"
    because = told["because"].strip()
    audit.note(desk.store, _who(), "revealed", subject, desk.clock(), because)
    return answer(200, opened_json(opened))
