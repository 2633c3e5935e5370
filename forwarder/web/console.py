"""`/console/…`: what an operator sees. Plain pages; `.json` gives the same as data."""

import json

import structlog
from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    ServiceUnavailable,
)

from forwarder.pipeline.replay import send_again
from forwarder.store import access, audit, log
from forwarder.store.reveal import open_delivery
from forwarder.store.story import Story, show
from forwarder.store.writer import StoreDown
from forwarder.web import (
    console_account,
    console_alerts,
    console_audit,
    console_bulk,
    console_destinations,
    console_experiments,
    console_export,
    console_first,
    console_jobs,
    console_kpi,
    console_link_audits,
    console_links,
    console_live,
    console_log,
    console_overview,
    console_quality,
    console_refused,
    console_report,
    console_reveal,
    console_settings,
    console_source,
    console_sources,
    console_story,
    console_users,
    console_views,
    headers,
    session,
)
from forwarder.web.console_entry import Refusal, log_in
from forwarder.web.console_frame import furniture, version
from forwarder.web.console_query import given_filter
from forwarder.web.desk import web_desk
from forwarder.web.filters import BadFilter, read_filter
from forwarder.web.hooks import answer
from forwarder.web.person import masked
from forwarder.web.rules import anyone
from forwarder.web.shapes import page_json, story_json

OPEN = frozenset({"console.login", "console.post_login", "console.static"})
REFERENCE_MAX_CHARS = 256

console = Blueprint(
    "console",
    __name__,
    url_prefix="/console",
    static_folder="static",
    template_folder="templates",
)
for module in (
    console_overview,
    console_refused,
    console_sources,
    console_destinations,
    console_bulk,
    console_jobs,
    console_alerts,
    console_audit,
    console_links,
    console_link_audits,
    console_report,
    console_export,
    console_live,
    console_reveal,
    console_views,
    console_settings,
    console_users,
    console_account,
    console_source,
    console_first,
    console_kpi,
    console_experiments,
    console_quality,
):
    console.register_blueprint(module.pages)
log_line = structlog.get_logger(__name__)


@console.before_request
def guard() -> ResponseReturnValue | None:
    """Let in who is logged in; believe no form without its token."""
    if request.endpoint == "console.static":
        return None
    desk = web_desk()
    is_page = request.endpoint != console_live.ENDPOINT
    g.user = session.who(desk.store, desk.clock(), is_page=is_page)
    if g.user is None and request.endpoint not in OPEN:
        return _log_in_first()
    if request.method not in session.HARMLESS:
        session.check_token()
    return None


def _log_in_first() -> ResponseReturnValue:
    if _wants_json():
        return answer(401, {"error": "log in at /console/login first"})
    is_page = request.method == "GET"
    wanted = request.full_path.rstrip("?") if is_page else None
    return redirect(url_for("console.login", next=wanted), 303)


def _wants_json() -> bool:
    return request.path.endswith(".json")


@console.after_request
def harden(response: Response) -> Response:
    """Set the security headers; only the style sheet may be kept."""
    if request.endpoint == "console.static" and request.args.get("v") == version():
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return headers.harden(response, headers.SCRIPTED)


console.context_processor(furniture)


@console.errorhandler(HTTPException)
def show_error(error: HTTPException) -> ResponseReturnValue:
    """Say what went wrong and what to do next, as a page or as JSON."""
    status = error.code if error.code is not None else 500
    text = str(error.description)
    if isinstance(error, InternalServerError):
        text = "The fault is on our side and was logged: run `forwarder doctor`."
    if _wants_json():
        return answer(status, {"error": text})
    return render_template("console/error.html", name=error.name, text=text), status


@console.errorhandler(StoreDown)
def show_down(_: StoreDown) -> ResponseReturnValue:
    """Say that the database is down: nothing was changed."""
    return show_error(ServiceUnavailable("The database does not answer: try again."))


@console.get("/login")
@anyone
def login() -> ResponseReturnValue:
    """Show the log-in form."""
    if g.user is not None:
        return redirect(url_for("console.overview.show"), 303)
    return _login_page(request.args.get("next", ""))


def _login_page(wanted: str, error: str = "") -> str:
    has_users = bool(access.list_users(web_desk().store))
    return render_template(
        "console/login.html", wanted=wanted, error=error, has_users=has_users
    )


@console.post("/login")
@anyone
def post_login() -> ResponseReturnValue:
    """Log in; a wrong password, an unknown name and a locked one sound alike."""
    desk = web_desk()
    now = desk.clock()
    wanted = request.form.get("next", "")
    found = log_in(desk.store, request.form, request.remote_addr or "", now)
    if isinstance(found, Refusal):
        return _login_page(wanted, found.text), found.status
    session.begin(desk.store, found, now)
    return redirect(session.local_path(wanted, url_for("console.overview.show")), 303)


@console.post("/logout")
@session.needs("viewer")
def logout() -> ResponseReturnValue:
    """Log out, also where the cookie was copied to."""
    desk = web_desk()
    session.leave(desk.store)
    audit.note(desk.store, g.user.name, "logged out", "console", desk.clock())
    return redirect(url_for("console.login"), 303)


@console.get("/deliveries")
@session.needs("viewer")
def deliveries() -> ResponseReturnValue:
    """Show the delivery list; every filter stands in the address."""
    desk = web_desk()
    page, status = console_log.shown(desk, given_filter(request.args), desk.clock())
    return render_template("console/deliveries.html", **page), status


@console.get("/deliveries.json")
@session.needs("viewer")
def deliveries_json() -> ResponseReturnValue:
    """Return the delivery list as data: the same filters, the same lines."""
    try:
        wanted, n_max = read_filter(given_filter(request.args))
    except BadFilter as bad:
        return answer(422, {"errors": bad.errors})
    return answer(200, page_json(log.list_deliveries(web_desk().store, wanted, n_max)))


@console.get("/deliveries/<int:delivery_id>")
@session.needs("viewer")
def delivery(delivery_id: int) -> ResponseReturnValue:
    """Show what happened to one delivery, and what to do about it."""
    desk = web_desk()
    story = _story(delivery_id)
    payload = None
    if story.payload is not None:
        payload = json.dumps(story.payload, indent=2, ensure_ascii=False)
    event = open_delivery(desk.store, delivery_id).event
    return render_template(
        "console/delivery.html",
        story=story,
        line=story.line,
        payload=payload,
        person=None if event is None else masked(event.person),
        told=console_story.tell(desk, story, desk.clock()),
        may_replay=session.may(g.user, "operator"),
    )


def _story(delivery_id: int) -> Story:
    story = show(web_desk().store, delivery_id)
    if story is None:
        abort(404, "There is no delivery of this number: it may be past its retention.")
    return story


@console.get("/deliveries/<int:delivery_id>.json")
@session.needs("viewer")
def delivery_json(delivery_id: int) -> ResponseReturnValue:
    """Return all that is known of one delivery as data."""
    return answer(200, story_json(_story(delivery_id)))


@console.post("/deliveries/<int:delivery_id>/replay")
@session.needs("operator")
def post_replay(delivery_id: int) -> ResponseReturnValue:
    """Send one delivery again, if it still can be sent."""
    desk = web_desk()
    line = _story(delivery_id).line
    now = desk.clock()
    is_ready, why = console_story.again(desk, line, now)
    if not is_ready:
        abort(409, why or "It is not settled yet: it is sent by itself.")
    itself, ours = console_story.itself(line), desk.destinations.values()
    n_set_back = send_again(desk.store, itself, ours, g.user.name, now)
    desk.nudge(line.destination)
    log_line.info(
        "replay", user=g.user.name, delivery=delivery_id, n_set_back=n_set_back
    )
    flash("It was set back to pending and is being sent again.")
    return redirect(url_for("console.delivery", delivery_id=delivery_id), 303)


@console.post("/find")
@session.needs("viewer")
def post_find() -> ResponseReturnValue:
    """Jump to an event id, an order id or a number.

    Posted, so that whatever somebody types never stands in an address or its log.
    """
    store = web_desk().store
    reference = request.form.get("reference", "").strip()[:REFERENCE_MAX_CHARS]
    found = log.find(store, reference) if reference else []
    if not found:
        abort(404, "No delivery has this event id, order id or number.")
    if len(found) == 1:
        return redirect(url_for("console.delivery", delivery_id=found[0].id), 303)
    return render_template("console/found.html", lines=found)


@console.get("/<path:rest>")
@session.needs("viewer")
def nothing(rest: str) -> Response:
    """Answer for pages that are not there."""
    del rest
    return make_response(abort(404, "There is no such page: begin at the deliveries."))
