"""`/api/v1/kpi…` and `/api/v1/experiments…`: the board and the tests it asks for."""

from typing import Any, Final

import orjson
from flask import Blueprint, Response, g, request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from forwarder.insights.recording import standing_of
from forwarder.insights.trial_json import standing_json
from forwarder.store import experiments
from forwarder.store.writer import StoreDown
from forwarder.web import bodies
from forwarder.web.api import later, needs, unread
from forwarder.web.console_experiments import planned, recorded
from forwarder.web.console_kpi import MonthText, board_json, board_of, end_task
from forwarder.web.desk import web_desk
from forwarder.web.experiment_forms import find_plan
from forwarder.web.filters import errors_by_field, storable
from forwarder.web.hooks import answer

NOTE_MAX_CHARS: Final = 500

api_kpi = Blueprint("api_kpi", __name__, url_prefix="/api/v1")
api_kpi.register_error_handler(StoreDown, later)
for refusal in bodies.REFUSALS:
    api_kpi.register_error_handler(refusal, unread)


class _BoardSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    month = MonthText(load_default=None)


class _EndSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    note = fields.String(
        required=True, validate=[validate.Length(1, NOTE_MAX_CHARS), storable]
    )
    is_dismissed = fields.Boolean(load_default=False, data_key="dismissed")


@api_kpi.errorhandler(ValidationError)
def refused(error: ValidationError) -> Response:
    """Answer which fields cannot be used, and why."""
    return answer(422, {"errors": errors_by_field(error)})


def _body() -> Any:  # noqa: ANN401  JSON
    """Return the JSON that was sent. Raises: ValidationError for anything else."""
    try:
        found = orjson.loads(bodies.read_body(request.environ))
    except orjson.JSONDecodeError:
        raise ValidationError("not JSON", "body") from None
    if not isinstance(found, dict):
        raise ValidationError("send one JSON object", "body")
    return found


@api_kpi.get("/kpi")
@needs("read")
def get_kpi() -> Response:
    """Return the KPI board of `?month=`, or the newest."""
    month = _BoardSchema().load(request.args)["month"]
    desk = web_desk()
    return answer(200, board_json(desk, board_of(desk, month)))


@api_kpi.post("/kpi/tasks/<month>/<rule>/close")
@needs("operate")
def post_close(month: str, rule: str) -> Response:
    """Close a task with its outcome, or dismiss it with a reason."""
    told = _EndSchema().load(_body())
    who, note = f"key:{g.api_key.name}", told["note"].strip()
    if not note:
        raise ValidationError("say what came of it", "note")
    if not end_task(
        web_desk(), month, rule, note, who, is_dismissed=told["is_dismissed"]
    ):
        return answer(404, {"error": "no such task is open"})
    return answer(200, {"closed": True})


@api_kpi.get("/experiments")
@needs("read")
def get_experiments() -> Response:
    """Return all experiments, newest first."""
    store = web_desk().store
    items = [standing_json(standing_of(store, one)) for one in experiments.plans(store)]
    return answer(200, {"items": items})


@api_kpi.post("/experiments")
@needs("operate")
def post_experiment() -> Response:
    """Keep a plan; it never changes afterwards."""
    desk = web_desk()
    plan = planned(desk, _body(), f"key:{g.api_key.name}")
    return answer(200, standing_json(standing_of(desk.store, plan)))


@api_kpi.get("/experiments/<name>")
@needs("read")
def get_experiment(name: str) -> Response:
    """Return how one experiment stands."""
    store = web_desk().store
    plan = find_plan(store, name)
    if plan is None:
        return answer(404, {"error": "no such experiment"})
    return answer(200, standing_json(standing_of(store, plan)))


@api_kpi.post("/experiments/<name>/days")
@needs("operate")
def post_days(name: str) -> Response:
    """Record settled days; a day counts as it was first told."""
    desk = web_desk()
    plan = find_plan(desk.store, name)
    if plan is None:
        return answer(404, {"error": "no such experiment"})
    n_new = recorded(desk, plan, _body(), f"key:{g.api_key.name}")
    found = standing_json(standing_of(desk.store, plan))
    return answer(200, {**found, "recorded": n_new})
