"""Read an experiment's plan and its days from a form or from JSON."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from forwarder.core.experiment import Phase, Plan, Shown, Variable, Variant
from forwarder.insights.experiment import WrongPlan
from forwarder.insights.planning import objective_of
from forwarder.store import Store, experiments
from forwarder.web.filters import storable

ROWS: Final = 10  # the form has so many variants
COUNT_MAX: Final = 10**12
TEXT_MAX: Final = 200
PINS_MAX: Final = 50
NAME: Final = re.compile(r"[\w.-][\w .-]{0,79}")


def _text(**more: Any) -> fields.String:  # noqa: ANN401  marshmallow's options
    return fields.String(validate=[validate.Length(max=TEXT_MAX), storable], **more)


class _VariantSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    name = _text(required=True)
    value = _text(required=True)
    pin_ids = fields.List(
        fields.String(validate=validate.Regexp(r"\d{1,30}\Z")),
        load_default=[],
        validate=validate.Length(max=PINS_MAX),
    )
    slots = fields.List(fields.Date(), load_default=[])
    attributes = fields.Dict(
        keys=fields.Enum(Variable, by_value=True), values=_text(), load_default={}
    )


class PlanSchema(Schema):
    """A plan: what varies, what it is for, its variants; the first is the control."""

    class Meta:
        """Names that are not known are left alone."""

        unknown = EXCLUDE

    name = fields.String(
        required=True,
        validate=validate.Regexp(
            f"{NAME.pattern}\\Z", error="letters, digits, space, . and -, up to 80"
        ),
    )
    objective = _text(required=True)
    variable = fields.Enum(Variable, by_value=True, required=True)
    phase = fields.Enum(Phase, by_value=True, load_default=Phase.CREATIVE)
    rate = fields.Float(
        required=True, validate=validate.Range(min=0, max=1, max_inclusive=False)
    )
    after = _text(load_default="")
    note = _text(load_default="")
    across_formats = fields.Boolean(load_default=False)
    variants = fields.List(
        fields.Nested(_VariantSchema), required=True, validate=validate.Length(max=50)
    )

    @post_load
    def _made(self, told: dict[str, Any], **_: Any) -> tuple[Plan, bool]:  # noqa: ANN401
        try:
            objective = objective_of(told["objective"])
        except WrongPlan as wrong:
            raise ValidationError(str(wrong), "objective") from None
        variable = told["variable"]
        plan = Plan(
            name=told["name"],
            objective=objective,
            variable=variable,
            phase=told["phase"],
            variants=[_variant(one, variable) for one in told["variants"]],
            rho=told["rate"],
            after=told["after"],
            note=told["note"],
        )
        return plan, told["across_formats"]


def _variant(told: Mapping[str, Any], variable: Variable) -> Variant:
    return Variant(
        name=told["name"],
        attributes={
            **{one.value: text for one, text in told["attributes"].items()},
            variable.value: told["value"],
        },
        pin_ids=told["pin_ids"],
        slots=told["slots"],
    )


def find_plan(store: Store, name: str) -> Plan | None:
    """Return the plan of this name; None also for a name that no database can hold."""
    return None if "\0" in name else experiments.find(store, name)


def from_form(form: Mapping[str, str]) -> dict[str, Any]:
    """Return a form as the JSON of a plan; rows without a name are left out."""
    told: dict[str, Any] = {
        name: form[name] for name in _SINGLE if form.get(name, "").strip()
    }
    if "rate_percent" in form:
        told["rate"] = _hundredth(form["rate_percent"])
    told["across_formats"] = form.get("across_formats") == "yes"
    told["variants"] = [
        {
            "name": form.get(f"name-{row}", "").strip(),
            "value": form.get(f"value-{row}", "").strip(),
            "pin_ids": re.findall(r"\d+", form.get(f"pins-{row}", "")),
            "slots": form.get(f"slots-{row}", "").replace(",", " ").split(),
        }
        for row in range(ROWS)
        if form.get(f"name-{row}", "").strip()
    ]
    return told


_SINGLE: Final = ("name", "objective", "variable", "phase", "after", "note")


def _hundredth(text: str) -> float | str:
    """Return per cent as a fraction; the text itself where it is no number."""
    try:
        return float(text.replace(",", ".")) / 100
    except ValueError:
        return text


class _DaySchema(Schema):
    class Meta:
        unknown = EXCLUDE

    date = fields.Date(required=True)
    variant = _text(required=True)
    impressions = fields.Integer(
        required=True, strict=True, validate=validate.Range(min=0, max=COUNT_MAX)
    )
    successes = fields.Integer(
        required=True, strict=True, validate=validate.Range(min=0, max=COUNT_MAX)
    )


class DaysSchema(Schema):
    """Days of an experiment: what each variant did."""

    class Meta:
        """Names that are not known are left alone."""

        unknown = EXCLUDE

    days = fields.List(
        fields.Nested(_DaySchema), required=True, validate=validate.Length(1, 10_000)
    )


def shown(plan: Plan, days: list[Mapping[str, Any]]) -> list[Shown]:
    """Return the days of a plan's variants. Raises: ValidationError for another."""
    names = [variant.name for variant in plan.variants]
    for day in days:
        if day["variant"] not in names:
            raise ValidationError(f"one of {', '.join(names)}", "variant")
    return [
        Shown(
            variant=names.index(day["variant"]),
            on=day["date"],
            impressions=day["impressions"],
            successes=day["successes"],
        )
        for day in days
    ]


def days_from_form(form: Mapping[str, str], plan: Plan, on: date) -> dict[str, Any]:
    """Return the form of one day as JSON; variants without a number are left out."""
    return {
        "days": [
            {
                "date": f"{on}",
                "variant": variant.name,
                "impressions": _whole(form.get(f"impressions-{number}", "")),
                "successes": _whole(form.get(f"successes-{number}", "")),
            }
            for number, variant in enumerate(plan.variants)
            if form.get(f"impressions-{number}", "").strip()
        ]
    }


def _whole(text: str) -> int | str:
    told = text.strip().replace(",", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 20 else text  # noqa: PLR2004
