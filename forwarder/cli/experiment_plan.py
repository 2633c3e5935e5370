"""Read an experiment's plan and days from the command line and from files."""

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from forwarder.cli.common import stop_wrong_use
from forwarder.core.experiment import (
    Objective,
    Phase,
    Plan,
    Shown,
    Variable,
    Variant,
)

COLUMNS = ("date", "variant", "impressions", "successes")
COUNT_MAX = 10**12


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


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a CSV file of days; exit with 2 if it holds none."""
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        reader = csv.DictReader(file)
        if not set(COLUMNS) <= set(reader.fieldnames or ()):
            stop_wrong_use(
                f"{path.name}: the first line must name {', '.join(COLUMNS)}"
            )
        return [{**row, "day": row["date"]} for row in reader]


def read_shown(plan: Plan, number: int, row: dict[str, Any]) -> Shown:
    """Return what a row tells of a variant's day; exit with 2 if it cannot be read."""
    names = [variant.name for variant in plan.variants]
    if row["variant"] not in names:
        stop_wrong_use(f"row {number}: the variant is one of {', '.join(names)}")
    return Shown(
        variant=names.index(row["variant"]),
        on=read_date(f"row {number}", row["day"] or "(nothing)"),
        impressions=_count(number, "impressions", row["impressions"]),
        successes=_count(number, "successes", row["successes"]),
    )


def _count(number: int, column: str, told: object) -> int:
    text = "" if told is None else str(told).strip()
    if not (text.isascii() and text.isdigit()) or int(text[:20]) > COUNT_MAX:
        stop_wrong_use(f"row {number}: {column} must be a whole number from 0 on")
    return int(text)
