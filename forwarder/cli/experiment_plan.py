"""Read the plan of an experiment from the words of the command line."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from forwarder.cli.common import stop_wrong_use
from forwarder.core.experiment import Objective, Phase, Plan, Variable, Variant


def read_plan(given: Mapping[str, Any]) -> Plan:
    """Return the plan; exit with 2 if the words do not make one."""
    variable = Variable(given["variable"])
    pins, slots = _parted(given["pins"]), _parted(given["slots"])
    others = _attributes(given["attributes"])
    variants = []
    for one in given["told"]:
        name, equals, value = one.partition("=")
        if not (name.strip() and equals):
            stop_wrong_use(f"--variant {one}: write it as NAME=VALUE")
        variants.append(
            Variant(
                name=name.strip(),
                attributes={
                    **others.pop(name.strip(), {}),
                    variable.value: value.strip(),
                },
                pin_ids=pins.pop(name.strip(), ()),
                slots=[
                    read_date("--slots", day) for day in slots.pop(name.strip(), ())
                ],
            )
        )
    for name in {*pins, *slots, *others}:
        stop_wrong_use(f"{name} is no variant: name it with --variant first")
    return Plan(
        name=given["name"],
        objective=Objective(given["objective"]),
        variable=variable,
        phase=Phase(given["phase"]),
        variants=variants,
        rho=given["rho"],
        after=given["after"],
        note=given["note"],
    )


def _parted(told: Sequence[str]) -> dict[str, Sequence[str]]:
    found: dict[str, Sequence[str]] = {}
    for one in told:
        name, _, rest = one.partition("=")
        found[name.strip()] = [part.strip() for part in rest.split(",") if part.strip()]
    return found


def _attributes(told: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for one in told:
        name, equals, value = one.partition("=")
        arm, _, word = name.rpartition(":")
        if not (arm.strip() and equals) or word not in set(Variable):
            stop_wrong_use(
                f"--attribute {one}: write it as NAME:VARIABLE=VALUE, the variable one "
                f"of {', '.join(Variable)}"
            )
        found.setdefault(arm.strip(), {})[word] = value.strip()
    return found


def read_date(where: str, text: str) -> date:
    """Return the date; exit with 2 if it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        stop_wrong_use(f"{where}: {text} is no date; such as 2026-11-03")
