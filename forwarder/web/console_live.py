"""`/console/deliveries/live.json`: what a list that stands open asks every few seconds.

No page of its own: a small script asks, and tells how many new deliveries there are.
"""

from dataclasses import replace
from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields, validate

from forwarder.store import live
from forwarder.store.log import ID_MAX
from forwarder.web import session
from forwarder.web.console_query import given_filter, read, refuse
from forwarder.web.desk import web_desk
from forwarder.web.filters import BadFilter, Numbers, read_filter
from forwarder.web.hooks import answer

OWN: Final = frozenset({"after", "shown", "cursor", "limit"})
ENDPOINT: Final = "console.live.show"

pages = Blueprint("live", __name__)


class _AskedSchema(Schema):
    """What the script knows: the newest number, and the lines that are shown."""

    class Meta:
        unknown = EXCLUDE  # the filter is read elsewhere

    after = fields.Integer(required=True, validate=validate.Range(min=0, max=ID_MAX))
    shown = Numbers(load_default=())


@pages.get("/deliveries/live.json")
@session.needs("viewer")
def show() -> ResponseReturnValue:
    """Return how many deliveries are new, and the shown ones as they are now.

    Does not count as a page: a session ends though a list stands open.
    """
    store = web_desk().store
    given = given_filter(request.args)
    asked = read(_AskedSchema(), given)
    try:
        wanted, _ = read_filter({k: v for k, v in given.items() if k not in OWN})
    except BadFilter as bad:
        refuse(bad.errors)
    found = live.news(store, replace(wanted, before_id=None), asked["after"])
    lines = live.by_number(store, asked["shown"]) if asked["shown"] else ()
    rows = {
        str(line.id): render_template("console/row.html", line=line, with_ticks=True)
        for line in lines
    }
    return answer(200, {"new": found.n_new, "after": found.newest_id, "rows": rows})
