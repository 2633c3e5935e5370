"""`/console/alerts…`: what is wrong, who knows of it, and what to do."""

from collections.abc import Callable
from datetime import datetime, timedelta
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
from marshmallow import EXCLUDE, Schema, fields, validate

from forwarder.alerts import states
from forwarder.store import alerts
from forwarder.store.alerts import ACKNOWLEDGED, IGNORED, OPEN, RESOLVED, STATES, Alert
from forwarder.store.log import ID_MAX
from forwarder.web import session
from forwarder.web.console_export import sheet_of
from forwarder.web.console_query import read
from forwarder.web.desk import web_desk
from forwarder.web.hooks import answer
from forwarder.web.shapes_alerts import alert_json, change_json, message_json

WORDS: Final = {
    OPEN: "It is so now, and nobody has taken it on.",
    ACKNOWLEDGED: "It is so now, and somebody knows.",
    IGNORED: "It is so now, and nobody is told.",
    RESOLVED: "It is over.",
}
PRESENT: Final = (OPEN, ACKNOWLEDGED, IGNORED)
HOURS: Final = (
    (1, "an hour"),
    (8, "8 hours"),
    (24, "a day"),
    (168, "a week"),
    (0, "until somebody changes it"),
)

COLUMNS: Final = (
    "id",
    "state",
    "severity",
    "rule",
    "subject",
    "summary",
    "mend",
    "who",
    "opened_at",
    "changed_at",
    "ignored_until",
    "times_opened",
)

pages = Blueprint("alerts", __name__)


class _WantedSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    state = fields.String(load_default="", validate=validate.OneOf(STATES))


class _IgnoreSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    hours = fields.Integer(
        load_default=0, validate=validate.OneOf([hours for hours, _ in HOURS])
    )


@pages.get("/alerts")
@session.needs("viewer")
def show_all() -> str:
    """Show the alerts that are so now, or those of one state."""
    wanted, found = _found()
    return render_template(
        "console/alerts.html",
        found=found,
        wanted=wanted,
        all_states=STATES,
        words=WORDS,
    )


@pages.get("/alerts.json")
@session.needs("viewer")
def show_all_json() -> ResponseReturnValue:
    """Return the same alerts as data."""
    _, found = _found()
    return answer(200, {"items": [alert_json(one) for one in found]})


@pages.get("/alerts.csv")
@session.needs("viewer")
def show_all_csv() -> ResponseReturnValue:
    """Return the same alerts for a spreadsheet."""
    _, found = _found()
    return sheet_of("alerts", map(alert_json, found), COLUMNS)


def _found() -> tuple[str, list[Alert]]:
    wanted: str = read(_WantedSchema(), request.args)["state"]
    states_wanted = [wanted] if wanted else PRESENT
    return wanted, alerts.list_alerts(web_desk().store, states_wanted)


@pages.get("/alerts/<int:alert_id>")
@session.needs("viewer")
def show(alert_id: int) -> str:
    """Show one alert with its history, what was told of it, and what can be done."""
    store = web_desk().store
    alert = _alert(alert_id)
    return render_template(
        "console/alert.html",
        alert=alert,
        words=WORDS,
        hours=HOURS,
        history=alerts.history(store, alert_id),
        messages=alerts.messages_of(store, alert_id),
    )


def _alert(alert_id: int) -> Alert:
    store = web_desk().store
    found = alerts.find_alert(store, alert_id) if alert_id <= ID_MAX else None
    if found is None:
        abort(404, "There is no alert of this number: see the list of alerts.")
    return found


@pages.get("/alerts/<int:alert_id>.json")
@session.needs("viewer")
def show_json(alert_id: int) -> ResponseReturnValue:
    """Return one alert with its history and messages as data."""
    store = web_desk().store
    return answer(
        200,
        {
            **alert_json(_alert(alert_id)),
            "history": [change_json(one) for one in alerts.history(store, alert_id)],
            "messages": [
                message_json(one) for one in alerts.messages_of(store, alert_id)
            ],
        },
    )


@pages.post("/alerts/<int:alert_id>/acknowledge")
@session.needs("operator")
def post_acknowledge(alert_id: int) -> ResponseReturnValue:
    """Note that somebody takes care of it."""
    return _change(
        alert_id,
        lambda now: states.acknowledge(web_desk().store, alert_id, g.user.name, now),
        "It is noted that you know. When it is over, that is told.",
    )


@pages.post("/alerts/<int:alert_id>/ignore")
@session.needs("operator")
def post_ignore(alert_id: int) -> ResponseReturnValue:
    """Tell nobody of it for some hours, or until somebody changes it."""
    hours: int = read(_IgnoreSchema(), request.form)["hours"]

    def ignore(now: datetime) -> Alert | None:
        until = now + timedelta(hours=hours) if hours else None
        return states.ignore(web_desk().store, alert_id, g.user.name, now, until)

    return _change(alert_id, ignore, "It is ignored: nobody is told of it.")


@pages.post("/alerts/<int:alert_id>/resolve")
@session.needs("operator")
def post_resolve(alert_id: int) -> ResponseReturnValue:
    """End it by hand; what is still wrong opens it again within a minute."""
    return _change(
        alert_id,
        lambda now: states.resolve(web_desk().store, alert_id, g.user.name, now),
        "It is resolved. If it is still so, it opens again within a minute.",
    )


def _change(
    alert_id: int, change: Callable[[datetime], Alert | None], done: str
) -> ResponseReturnValue:
    """Change it, unless it is not any more as the page that was acted on showed it."""
    alert = _alert(alert_id)
    is_stale = request.form.get("state", alert.state) != alert.state
    if is_stale or change(web_desk().clock()) is None:
        abort(409, "It has changed meanwhile: open its page again, then decide.")
    flash(done)
    return redirect(url_for("console.alerts.show", alert_id=alert_id), 303)
