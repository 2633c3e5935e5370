"""`/console/audit`: who did what, when, to what. For administrators."""

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields, validate

from forwarder.store import audit
from forwarder.store.audit import TEXT_MAX_CHARS, Trail, Wanted
from forwarder.store.log import ID_MAX
from forwarder.web import session
from forwarder.web.console_export import sheet_of
from forwarder.web.console_query import read
from forwarder.web.desk import web_desk
from forwarder.web.filters import Moment, storable
from forwarder.web.hooks import answer
from forwarder.web.shapes import trail_json

COLUMNS: Final = ("id", "at", "who", "action", "subject", "detail")

pages = Blueprint("audit", __name__)


def _text() -> fields.String:
    return fields.String(validate=[validate.Length(max=TEXT_MAX_CHARS), storable])


class _WantedSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    who = _text()
    action = _text()
    since = Moment()
    until = Moment()
    before_id = fields.Integer(
        data_key="cursor", validate=validate.Range(min=1, max=ID_MAX)
    )


@pages.get("/audit")
@session.needs("admin")
def show() -> str:
    """Show one page of the audit log, newest first."""
    given = {name: text for name, text in request.args.items() if text}
    trail = _trail(given)
    return render_template(
        "console/audit.html",
        trail=trail,
        given=given,
        is_filtered=bool(given.keys() - {"cursor"}),
        older={**given, "cursor": str(trail.next_id)},
    )


@pages.get("/audit.json")
@session.needs("admin")
def show_json() -> ResponseReturnValue:
    """Return one page of the audit log as data."""
    return answer(200, trail_json(_trail(request.args)))


@pages.get("/audit.csv")
@session.needs("admin")
def show_csv() -> ResponseReturnValue:
    """Return one page of the audit log for a spreadsheet."""
    return sheet_of("audit", trail_json(_trail(request.args))["items"], COLUMNS)


def _trail(given: Mapping[str, str]) -> Trail:
    values: dict[str, Any] = read(_WantedSchema(), given)
    return audit.entries(web_desk().store, Wanted(**values))
