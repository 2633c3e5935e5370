"""`/console/link-audits…`: what the way of a link does to its parameters."""

from typing import Final

from flask import (
    Blueprint,
    abort,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields

from forwarder.store import link_audits
from forwarder.store.link_audits import LinkAudit
from forwarder.store.log import ID_MAX
from forwarder.web import session
from forwarder.web.console_query import read, read_cursor
from forwarder.web.desk import web_desk
from forwarder.web.filters import storable
from forwarder.web.hooks import answer
from forwarder.web.shapes_links import ask_audit, audit_json, audit_whole

FATES: Final = {
    "preserved": "arrives byte for byte",
    "re_encoded": "same value, other bytes",
    "changed": "a damaged value",
    "duplicated": "stands twice",
    "overwritten": "another value in its place",
    "fragment": "moved behind the #",
    "dropped": "gone",
}

pages = Blueprint("link_audits", __name__)


class _AskSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    slug = fields.String(load_default="", validate=storable)
    url = fields.String(load_default="", validate=storable)


@pages.get("/link-audits")
@session.needs("viewer")
def show_all() -> str:
    """Show the newest audits, and the box for another one."""
    found, next_id = _page()
    return render_template("console/link_audits.html", found=found, next_id=next_id)


@pages.get("/link-audits.json")
@session.needs("viewer")
def show_all_json() -> ResponseReturnValue:
    """Return the same audits as data."""
    found, next_id = _page()
    items = [audit_json(one) for one in found]
    return answer(200, {"items": items, "next": next_id})


def _page() -> tuple[list[LinkAudit], int | None]:
    found = list(link_audits.recent(web_desk().store, before_id=read_cursor()))
    return found, found[-1].id if len(found) == link_audits.PAGE else None


@pages.get("/link-audits/<int:audit_id>")
@session.needs("viewer")
def show(audit_id: int) -> str:
    """Show one audit, hop by hop and parameter by parameter."""
    one = _audit(audit_id)
    told = audit_whole(web_desk().store, one)
    return render_template(
        "console/link_audit.html", one=one, found=one.told, told=told, fates=FATES
    )


@pages.get("/link-audits/<int:audit_id>.json")
@session.needs("viewer")
def show_json(audit_id: int) -> ResponseReturnValue:
    """Return one audit as data."""
    return answer(200, audit_whole(web_desk().store, _audit(audit_id)))


@pages.post("/link-audits")
@session.needs("operator")
def post_audit() -> ResponseReturnValue:
    """Ask for an audit; a worker runs it within seconds."""
    given = read(_AskSchema(), request.form)
    number = ask_audit(web_desk(), given, g.user.name)
    if number is None:
        abort(422, "Write the whole address of the link, as https://host/path.")
    flash("It is asked for. Reload this page in a few seconds.")
    return redirect(url_for("console.link_audits.show", audit_id=number), 303)


def _audit(audit_id: int) -> LinkAudit:
    store = web_desk().store
    found = link_audits.find(store, audit_id) if audit_id <= ID_MAX else None
    if found is None:
        abort(404, "There is no audit of this number: see the list of audits.")
    return found
