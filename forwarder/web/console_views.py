"""`/console/views…`: lists that a user keeps under a name."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, abort, flash, g, redirect, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields, validate

from forwarder.core.personal import names_somebody
from forwarder.store import views
from forwarder.store.views import VIEWS_MAX, View
from forwarder.web import session
from forwarder.web.console_frame import list_url
from forwarder.web.console_query import read, refuse
from forwarder.web.desk import web_desk
from forwarder.web.filters import TEXT_MAX, BadFilter, read_filter, storable
from forwarder.web.hooks import answer
from forwarder.web.shapes import moment

NAME_MAX_CHARS = 60

pages = Blueprint("views", __name__)


class _ViewSchema(Schema):
    class Meta:
        unknown = EXCLUDE  # the token is checked elsewhere

    name = fields.String(
        required=True, validate=[validate.Length(max=NAME_MAX_CHARS), storable]
    )
    query = fields.String(
        load_default="", validate=[validate.Length(max=TEXT_MAX), storable]
    )


@pages.get("/views.json")
@session.needs("viewer")
def show_json() -> ResponseReturnValue:
    """Return the lists that the user keeps."""
    found = views.list_views(web_desk().store, g.user.name)
    items = [
        {"name": one.name, "query": one.query, "saved_at": moment(one.saved_at)}
        for one in found
    ]
    return answer(200, {"items": items})


@pages.post("/views")
@session.needs("viewer")
def post() -> ResponseReturnValue:
    """Keep the filter in force under a name; an older one of this name gives way."""
    desk = web_desk()
    typed = read(_ViewSchema(), request.form)
    query = _query(typed)
    view = View(name=_name(typed), query=urlencode(query), saved_at=desk.clock())
    try:
        is_known = views.save(desk.store, g.user.name, view)
    except views.TooMany:
        abort(409, f"{VIEWS_MAX} views are kept: remove one, then keep this one.")
    flash(f"View {view.name} {'now is' if is_known else 'is kept:'} this list.")
    return redirect(list_url(query), 303)


def _name(typed: dict[str, Any]) -> str:
    name = " ".join(str(typed["name"]).split())
    if not name or names_somebody(name):
        refuse({"name": "a few words, and nobody's address or number"})
    return name


def _query(typed: dict[str, Any]) -> dict[str, str]:
    """Return the filter without the place in it; end with 422 where it is none."""
    query = dict(parse_qsl(typed["query"]))
    query.pop("cursor", None)
    try:
        read_filter(query)
    except BadFilter as bad:
        refuse(bad.errors)
    if "person" in query or any(map(names_somebody, query.values())):
        refuse({"filter": "it is about one person: it is not kept"})
    return query


@pages.post("/views/remove")
@session.needs("viewer")
def post_remove() -> ResponseReturnValue:
    """Forget a view; what it listed stays as it is."""
    typed = read(_ViewSchema(), request.form)
    if not views.remove(web_desk().store, g.user.name, typed["name"]):
        abort(404, "There is no view of this name any more: open the list again.")
    flash(f"View {typed['name']} is removed. The deliveries stay as they are.")
    return redirect(list_url(), 303)
