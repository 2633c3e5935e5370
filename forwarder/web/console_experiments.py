"""`/console/experiments…`: change one thing, and know whether it worked."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

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
from marshmallow import EXCLUDE, Schema, ValidationError, fields

from forwarder.core.experiment import Objective, Plan
from forwarder.insights import trial
from forwarder.insights.advice import advice
from forwarder.insights.experiment import (
    METRICS,
    PHASE_ASKS,
    PHASE_DAYS,
    READINGS,
    WrongPlan,
    power_hint,
)
from forwarder.insights.planning import check
from forwarder.insights.recording import WrongDay, record_days, standing_of
from forwarder.insights.trial_json import standing_json
from forwarder.store import audit, experiments, pins
from forwarder.store.access import Exists
from forwarder.store.experiments import Told
from forwarder.web import experiment_forms as forms
from forwarder.web import session
from forwarder.web.console_kpi import MonthText, board_of
from forwarder.web.console_query import read
from forwarder.web.desk import WebDesk, web_desk
from forwarder.web.filters import sentences, told_errors
from forwarder.web.hooks import answer

SEES: Final = 0.5  # the change that the hint speaks of
TONES: Final = {
    "collecting": "busy",
    "directional": "busy",
    "conclusive": "good",
    "futile": "over",
}
DIRECTIONS: Final = ("up", "flat", "down")

pages = Blueprint("experiments", __name__)


class _CardSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    rule = fields.String(load_default="")
    month = MonthText(load_default=None)


class _OnSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    on = fields.Date(required=True)


@pages.get("/experiments")
@session.needs("viewer")
def show_all() -> str:
    """Show all experiments, newest first."""
    return render_template("console/experiments.html", found=_all(), tones=TONES)


@pages.get("/experiments.json")
@session.needs("viewer")
def show_all_json() -> ResponseReturnValue:
    """Return the same as data."""
    return answer(200, {"items": _all()})


def _all() -> list[dict[str, Any]]:
    store = web_desk().store
    return [
        standing_json(standing_of(store, plan)) for plan in experiments.plans(store)
    ]


@pages.get("/experiments/new")
@session.needs("operator")
def new() -> str:
    """Show an empty plan, or one that a card of the board begins."""
    wanted = read(_CardSchema(), request.args)
    told = advice().get(wanted["rule"])
    typed: dict[str, Any] = {}
    if told is not None:
        board = board_of(web_desk(), wanted["month"])
        rate = board.metrics[METRICS[Objective(told.objective)]].value
        typed = {
            "objective": told.objective,
            "variable": told.variable,
            "note": told.hypothesis,
            "rate_percent": "" if rate is None else f"{float(rate) * 100:.4f}",
        }
    return _form(typed, [])


def _form(typed: dict[str, Any], errors: list[str]) -> str:
    return render_template(
        "console/experiment_new.html",
        typed=typed,
        errors=errors,
        choices=trial.CHOICES,
        phase_days=PHASE_DAYS,
        phase_asks=PHASE_ASKS,
        rows=range(forms.ROWS),
        decided=[one for one in _all() if one["winner"] is not None],
    )


@pages.post("/experiments")
@session.needs("operator")
def post_new() -> ResponseReturnValue:
    """Keep a plan; it never changes afterwards."""
    desk = web_desk()
    try:
        plan = planned(desk, forms.from_form(request.form), g.user.name)
    except ValidationError as error:
        texts = sentences(told_errors(error))
        return _form(dict(request.form), texts), 422
    flash(f"{plan.name} is planned. Publish the variants, then record their days.")
    return redirect(url_for("console.experiments.show", name=plan.name), 303)


def planned(desk: WebDesk, told: object, who: str) -> Plan:
    """Check and keep a plan, and write it down. Raises: ValidationError."""
    loaded: tuple[Plan, bool] = forms.PlanSchema().load(told)  # type: ignore[arg-type]
    plan, across = loaded
    facts = {} if across else pins.facts(desk.store)
    now = desk.clock()
    try:
        check(desk.store, plan, facts)
        experiments.create(desk.store, plan, now)
    except WrongPlan as wrong:
        raise ValidationError(str(wrong), "variants") from None
    except Exists:
        raise ValidationError("is there already: choose a new one", "name") from None
    audit.note(desk.store, who, "planned an experiment", plan.name, now)
    return plan


@pages.get("/experiments/<name>")
@session.needs("viewer")
def show(name: str) -> str:
    """Show how one experiment stands, and what may be concluded."""
    store = web_desk().store
    plan = _plan(name)
    found = standing_json(standing_of(store, plan))
    days = experiments.told(store, name)
    return render_template(
        "console/experiment.html",
        one=found,
        plan=plan,
        tones=TONES,
        days=days,
        hint=_hint(plan, days) if found["winner"] is None else "",
        limits=trial.LIMITS,
        readings=READINGS,
        directions=DIRECTIONS,
    )


def _hint(plan: Plan, days: Sequence[Told]) -> str:
    """Return how long it takes to see a change, at the pace there was so far."""
    shown = sum(day.shown.impressions for day in days)
    return power_hint(plan.rho, SEES, shown / len(days)) if shown else ""


@pages.get("/experiments/<name>.json")
@session.needs("viewer")
def show_json(name: str) -> ResponseReturnValue:
    """Return one experiment as data."""
    return answer(200, standing_json(standing_of(web_desk().store, _plan(name))))


def _plan(name: str) -> Plan:
    plan = forms.find_plan(web_desk().store, name)
    if plan is None:
        abort(404, "There is no experiment of this name: see the list of experiments.")
    return plan


@pages.post("/experiments/<name>/days")
@session.needs("operator")
def post_days(name: str) -> ResponseReturnValue:
    """Record what the variants did on one settled day."""
    desk, plan = web_desk(), _plan(name)
    on: date = read(_OnSchema(), request.form)["on"]
    try:
        told = forms.days_from_form(request.form, plan, on)
        n_new = recorded(desk, plan, told, g.user.name)
    except ValidationError as error:
        abort(422, f"It cannot be used: {'; '.join(sentences(told_errors(error)))}")
    flash(f"{n_new} new of {len(told['days'])} recorded.")
    return redirect(url_for("console.experiments.show", name=name), 303)


def recorded(desk: WebDesk, plan: Plan, told: object, who: str) -> int:
    """Keep days and write that down; return how many are new.

    Raises: ValidationError.
    """
    days = forms.DaysSchema().load(told)["days"]  # type: ignore[arg-type]
    now = desk.clock()
    try:
        shown = forms.shown(plan, days)
        n_new = record_days(desk.store, plan, shown, now, desk.limits)
    except WrongDay as wrong:
        raise ValidationError(str(wrong), "days") from None
    audit.note(desk.store, who, "recorded days", plan.name, now, f"{n_new} new")
    return n_new
