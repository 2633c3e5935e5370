"""`/api/v1/alerts…`: what is wrong, and who knows of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from flask import Blueprint, Response, g, request

from forwarder.alerts import states
from forwarder.store import alerts
from forwarder.store.alerts import STATES, Alert
from forwarder.store.log import ID_MAX
from forwarder.store.writer import StoreDown
from forwarder.web.api import later, needs
from forwarder.web.desk import web_desk
from forwarder.web.hooks import answer
from forwarder.web.shapes_alerts import alert_json, change_json, message_json

HOURS_MOST: Final = 24 * 365

api_alerts = Blueprint("api_alerts", __name__, url_prefix="/api/v1")
api_alerts.register_error_handler(StoreDown, later)


@api_alerts.get("/alerts")
@needs("read")
def get_alerts() -> Response:
    """Return the alerts, the last changed first; `?state=` leaves out the others."""
    wanted = request.args.getlist("state") or list(STATES)
    if set(wanted) - set(STATES):
        return answer(422, {"errors": {"state": [f"one of {', '.join(STATES)}"]}})
    found = alerts.list_alerts(web_desk().store, wanted)
    return answer(200, {"items": [alert_json(one) for one in found]})


@api_alerts.get("/alerts/<int:alert_id>")
@needs("read")
def get_alert(alert_id: int) -> Response:
    """Return one alert with its history and what was told of it."""
    store = web_desk().store
    found = alerts.find_alert(store, alert_id) if alert_id <= ID_MAX else None
    if found is None:
        return answer(404, {"error": "no such alert"})
    return answer(
        200,
        {
            **alert_json(found),
            "history": [change_json(one) for one in alerts.history(store, alert_id)],
            "messages": [
                message_json(one) for one in alerts.messages_of(store, alert_id)
            ],
        },
    )


@api_alerts.post("/alerts/<int:alert_id>/acknowledge")
@needs("operate")
def post_acknowledge(alert_id: int) -> Response:
    """Note that somebody knows."""
    return _changed(
        alert_id,
        lambda now: states.acknowledge(web_desk().store, alert_id, _who(), now),
    )


@api_alerts.post("/alerts/<int:alert_id>/ignore")
@needs("operate")
def post_ignore(alert_id: int) -> Response:
    """Tell nobody for `?hours=`, or until somebody changes it."""
    hours = request.args.get("hours", "")
    is_number = hours.isascii() and hours.isdigit() and len(hours) < len("10000")
    if hours and not (is_number and 0 < int(hours) <= HOURS_MOST):
        return answer(422, {"errors": {"hours": [f"1 to {HOURS_MOST}"]}})

    def ignore(now: datetime) -> Alert | None:
        until = now + timedelta(hours=int(hours)) if hours else None
        return states.ignore(web_desk().store, alert_id, _who(), now, until)

    return _changed(alert_id, ignore)


@api_alerts.post("/alerts/<int:alert_id>/resolve")
@needs("operate")
def post_resolve(alert_id: int) -> Response:
    """End it by hand; what is still wrong opens it again within a minute."""
    return _changed(
        alert_id, lambda now: states.resolve(web_desk().store, alert_id, _who(), now)
    )


def _who() -> str:
    return f"key:{g.api_key.name}"


def _changed(alert_id: int, change: Callable[[datetime], Alert | None]) -> Response:
    desk = web_desk()
    if alert_id > ID_MAX or alerts.find_alert(desk.store, alert_id) is None:
        return answer(404, {"error": "no such alert"})
    changed = change(desk.clock())
    if changed is None:
        error = "it is over, or somebody else was quicker: read it again"
        return answer(409, {"error": error})
    return answer(200, alert_json(changed))
