"""`GET /api/v1/audit`: who did what, as `forwarder audit-log` prints it."""

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from forwarder.store import audit
from forwarder.store.audit import PAGE, PAGE_MAX, TEXT_MAX_CHARS, Wanted
from forwarder.store.log import ID_MAX
from forwarder.store.writer import StoreDown
from forwarder.web.api import later, needs
from forwarder.web.desk import web_desk
from forwarder.web.filters import Moment, storable, told_errors
from forwarder.web.hooks import answer
from forwarder.web.shapes import trail_json

api_audit = Blueprint("api_audit", __name__, url_prefix="/api/v1")
api_audit.register_error_handler(StoreDown, later)


def _text() -> fields.String:
    return fields.String(validate=[validate.Length(max=TEXT_MAX_CHARS), storable])


class _WantedSchema(Schema):
    class Meta:
        unknown = RAISE

    who = _text()
    action = _text()
    since = Moment()
    until = Moment()
    before_id = fields.Integer(
        data_key="cursor", validate=validate.Range(min=1, max=ID_MAX)
    )
    limit = fields.Integer(
        load_default=PAGE, validate=validate.Range(min=1, max=PAGE_MAX)
    )


@api_audit.get("/audit")
@needs("operate")
def get_audit() -> Response:
    """Return one page of the audit log, newest first."""
    filled = {name: value for name, value in request.args.items() if value}
    try:
        values = _WantedSchema().load(filled)
    except ValidationError as error:
        errors = told_errors(error)
        return answer(422, {"errors": errors})
    n_max = values.pop("limit")
    trail = audit.entries(web_desk().store, Wanted(**values), n_max)
    return answer(200, trail_json(trail))
