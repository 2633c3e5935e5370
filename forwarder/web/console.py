"""`/console/…`: what an operator sees. Plain pages; `.json` gives the same as data."""

from typing import Final

from flask import (
    Blueprint,
    Response,
    abort,
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
    NotFound,
    ServiceUnavailable,
)

from forwarder.store import access, audit
from forwarder.store.writer import StoreDown
from forwarder.web import (
    console_account,
    console_alerts,
    console_audit,
    console_bulk,
    console_deliveries,
    console_destinations,
    console_experiments,
    console_export,
    console_first,
    console_hookups,
    console_jobs,
    console_kpi,
    console_link_audits,
    console_links,
    console_live,
    console_missed,
    console_overview,
    console_quality,
    console_refused,
    console_report,
    console_reveal,
    console_settings,
    console_source,
    console_sources,
    console_theme,
    console_trying,
    console_users,
    console_views,
    headers,
    session,
)
from forwarder.web.admission import Nobody
from forwarder.web.console_entry import Refusal, log_in
from forwarder.web.console_frame import furniture, version
from forwarder.web.desk import web_desk
from forwarder.web.hooks import answer
from forwarder.web.rules import anyone

OPEN = frozenset(
    {
        "console.login",
        "console.post_login",
        "console.static",
        "console.theme.post_theme",
    }
)
# What a page that is refused is called, in an operator's words.
TITLES: Final = {
    403: "Your role may not do this",
    404: "There is nothing here",
    409: "Something changed meanwhile",
    422: "Check what was entered",
    429: "Too many at once",
    500: "Something went wrong here",
    503: "Not available right now",
}

console = Blueprint(
    "console",
    __name__,
    url_prefix="/console",
    static_folder="static",
    template_folder="templates",
)
for module in (
    console_overview,
    console_deliveries,
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
    console_hookups,
    console_trying,
    console_missed,
    console_first,
    console_kpi,
    console_experiments,
    console_quality,
    console_theme,
):
    console.register_blueprint(module.pages)


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
    title = TITLES.get(status, "That did not work")
    return render_template("console/error.html", title=title, text=text), status


@console.errorhandler(StoreDown)
def show_down(_: StoreDown) -> ResponseReturnValue:
    """Say that the database is down: nothing was changed."""
    return show_error(ServiceUnavailable("The database does not answer: try again."))


@console.errorhandler(Nobody)
def show_nobody(_: Nobody) -> ResponseReturnValue:
    """Say that a user is not there, or not any more."""
    return show_error(
        NotFound("There is no user of this name any more: see the list of users.")
    )


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


@console.route("/<path:rest>", methods=["GET", "POST"])
@session.needs("viewer")
def nothing(rest: str) -> Response:
    """Answer for pages that are not there."""
    del rest
    return make_response(abort(404, "There is no such page: begin at the deliveries."))
