"""`forwarder experiments`: change one thing, and know whether it worked."""

from pathlib import Path
from typing import Any

import click
import orjson

from forwarder.alerts.conditions import number
from forwarder.cli.common import (
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.cli.experiment_plan import COUNT_MAX, read_plan, read_rows, read_shown
from forwarder.core.experiment import Plan, Shown
from forwarder.insights import trial
from forwarder.insights.eprocess import judge
from forwarder.insights.experiment import (
    METRICS,
    PHASE_ASKS,
    PHASE_DAYS,
    READINGS,
    WrongPlan,
    power_hint,
)
from forwarder.insights.planning import check
from forwarder.insights.recording import (
    WrongDay,
    days_from_pins,
    keep_days,
    record_days,
    settled,
    standing_of,
)
from forwarder.insights.trial_file import WrongFile, read_trial
from forwarder.insights.trial_json import standing_json
from forwarder.store import audit, pins
from forwarder.store import experiments as store
from forwarder.store.access import Exists
from forwarder.wiring import Wired, thresholds

SEES = 0.5  # the change that the hint speaks of
DIRECTIONS = click.Choice(["up", "flat", "down"])


@click.group()
def experiments() -> None:
    """Plan experiments with Pins, record their days, read the verdict.

    A verdict may be looked at every day: doing so does not make it wrong more often.
    """


@experiments.command("create")
@click.argument("name")
@click.option(
    "--objective", type=click.Choice(trial.CHOICES["objective"]), required=True,
    help="visits: outbound click rate; distribution: save rate; clarity: close-ups.",
)  # fmt: skip
@click.option(
    "--variable", type=click.Choice(trial.CHOICES["variable"]), required=True,
    help="The one thing that differs.",
)  # fmt: skip
@click.option(
    "--variant", "told", multiple=True, required=True, metavar="NAME=VALUE",
    help="An arm and its value of that variable; the first is the control.",
)  # fmt: skip
@click.option(
    "--attribute", "attributes", multiple=True, metavar="NAME:VARIABLE=VALUE",
    help="What else an arm is made of; all arms must be alike in it.",
)  # fmt: skip
@click.option("--pin", "pins", multiple=True, metavar="NAME=ID,ID", help="Its Pins.")
@click.option(
    "--slots", multiple=True, metavar="NAME=DATE,DATE",
    help="The days it is published on.",
)  # fmt: skip
@click.option(
    "--rate", "rho", type=click.FloatRange(0, 1, max_open=True), required=True,
    help="The account's rate of the metric until now, such as 0.002.",
)  # fmt: skip
@click.option(
    "--phase", type=click.Choice(trial.CHOICES["phase"]), default="creative",
    show_default=True,
)  # fmt: skip
@click.option("--after", default="", help="The experiment whose winner is built on.")
@click.option(
    "--daily", type=click.IntRange(0), default=0,
    help="Impressions per variant and day, for a hint how long it takes.",
)  # fmt: skip
@click.option("--note", default="", help="What else may matter.")
@click.option(
    "--across-formats", is_flag=True,
    help="Allow Pins of several formats; what wins may be the format.",
)  # fmt: skip
@json_option
def create(
    *,
    as_json: bool,
    daily: int,
    across_formats: bool,
    **given: Any,  # noqa: ANN401  click's
) -> None:
    """Plan an experiment; its plan never changes afterwards."""
    wired = ready_or_exit()
    plan = read_plan(given)
    facts = {} if across_formats else pins.facts(wired.store)
    try:
        check(wired.store, plan, facts)
        store.create(wired.store, plan, wired.store.now())
        subject, now = plan.name, wired.store.now()
        audit.note(wired.store, who(), "planned an experiment", subject, now)
    except WrongPlan as wrong:
        stop_wrong_use(str(wrong))
    except Exists:
        stop_wrong_use(f"an experiment {plan.name} is there already: choose a new name")
    hint = power_hint(plan.rho, SEES, daily) if daily else ""
    found = {**standing_json(standing_of(wired.store, plan)), "hint": hint}
    if as_json:
        print_json(found)
        return
    click.echo(f"{plan.name}: created, {len(plan.variants)} variants")
    low, high = PHASE_DAYS[plan.phase]
    click.echo(f"judged by {METRICS[plan.objective]}, planned for {low} to {high} days")
    click.echo(f"phase {plan.phase.value}: {PHASE_ASKS[plan.phase]}")
    for line in filter(None, [hint, *(f"note: {one}" for one in found["warnings"])]):
        click.echo(line)


@experiments.command("record")
@click.argument("name")
@click.option(
    "--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A CSV with the columns date, variant, impressions, successes.",
)  # fmt: skip
@click.option(
    "--from-pins", is_flag=True,
    help="The settled days of its Pins, as they were pulled or imported.",
)  # fmt: skip
@click.option("--on", "day", default="", help="One day, such as 2026-11-03.")
@click.option("--variant", default="", help="One variant, by its name.")
@click.option("--impressions", type=click.IntRange(0, COUNT_MAX))
@click.option("--successes", type=click.IntRange(0, COUNT_MAX))
@json_option
def record(
    *,
    name: str,
    path: Path | None,
    from_pins: bool,
    as_json: bool,
    **one: Any,  # noqa: ANN401  click's
) -> None:
    """Tell what a day brought. Only settled days: two days old or more.

    Example: forwarder experiments record spring --file days.csv
    """
    wired = ready_or_exit()
    plan = _plan_or_exit(wired, name)
    if from_pins:
        days = _days_of_pins(wired, plan)
        n_new = keep_days(wired.store, plan, days, wired.store.now())
    else:
        rows = [one] if path is None else read_rows(path)
        days = [read_shown(plan, at, row) for at, row in enumerate(rows, 1)]
        n_new = _record_or_exit(wired, plan, days)
    told, now = f"{n_new} new", wired.store.now()
    audit.note(wired.store, who(), "recorded days", plan.name, now, told)
    found = standing_json(standing_of(wired.store, plan))
    if as_json:
        print_json({**found, "recorded": n_new})
    else:
        click.echo(f"{n_new} new of {number(len(days), 'day')} recorded")
        _print(found)


def _record_or_exit(wired: Wired, plan: Plan, days: list[Shown]) -> int:
    limits = thresholds(wired.settings)
    try:
        return record_days(wired.store, plan, days, wired.store.now(), limits)
    except WrongDay as wrong:
        stop_wrong_use(str(wrong))


def _days_of_pins(wired: Wired, plan: Plan) -> list[Shown]:
    if not all(variant.pin_ids for variant in plan.variants):
        stop_wrong_use(f"{plan.name} names no Pins for some variant: use --file")
    first_on = store.begun(wired.store)[plan.name].date()
    limits, now = thresholds(wired.settings), wired.store.now()
    return list(days_from_pins(wired.store, plan, first_on, settled(now, limits)))


def _plan_or_exit(wired: Wired, name: str) -> Plan:
    plan = store.find(wired.store, name)
    if plan is None:
        stop_wrong_use(f"no experiment {name}: see `forwarder experiments list`")
    return plan


@experiments.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List all experiments, newest first."""
    wired = ready_or_exit()
    found = [
        standing_json(standing_of(wired.store, plan))
        for plan in store.plans(wired.store)
    ]
    if as_json:
        print_json({"items": found})
        return
    for one in found:
        winner = f", winner {one['winner']}" if one["winner"] is not None else ""
        click.echo(f"{one['name']}: {one['state']} on day {one['day']}{winner}")
    if not found:
        click.echo("no experiment yet: plan one with `forwarder experiments create`")


@experiments.command("show")
@click.argument("name")
@json_option
def show(*, name: str, as_json: bool) -> None:
    """Show how an experiment stands, and what may be concluded."""
    wired = ready_or_exit()
    found = standing_json(standing_of(wired.store, _plan_or_exit(wired, name)))
    if as_json:
        print_json(found)
    else:
        _print(found)
        click.echo(f"  {trial.LIMITS}")


@experiments.command("meaning")
@click.option("--clicks", type=DIRECTIONS, required=True, help="Outbound click rate.")
@click.option("--saves", type=DIRECTIONS, required=True, help="Save rate.")
def meaning(clicks: str, saves: str) -> None:
    """Say what the directions of clicks and saves mean together."""
    click.echo(READINGS[clicks, saves])


@experiments.command("simulate")
@click.argument("file", type=click.File("rb"))
def simulate(file: Any) -> None:  # noqa: ANN401  click's own file type
    """Run the verdict over a JSON file of arms and days and print it as JSON."""
    try:
        arms, terms = read_trial(orjson.loads(file.read()))
    except orjson.JSONDecodeError:
        stop_wrong_use("the file is not JSON")
    except WrongFile as wrong:
        stop_wrong_use(str(wrong))
    verdict = judge(arms, terms)
    print_json(
        {
            "state": verdict.state.value,
            "day": verdict.day,
            "winner": verdict.winner,
            "log_e": verdict.log_e,
            "l": verdict.l,
            "threshold": verdict.threshold,
        }
    )


def _print(found: dict[str, Any]) -> None:
    click.echo(f"{found['name']}: {found['state']} on day {found['day']}")
    click.echo(f"  {found['meaning']}")
    if found["winner"] is not None:
        click.echo(f"  winner: {found['winner']}")
    for arm in found["variants"]:
        rate = "no impressions" if arm["rate"] is None else f"{arm['rate']:.3%}"
        click.echo(
            f"  {arm['name']}: {arm['successes']:,} of {arm['impressions']:,}, {rate}"
        )
    click.echo(f"  evidence {found['l']:.2f} of {found['threshold']:.2f} needed")
    if found["days_to_verdict"] is not None:
        click.echo(f"  at least {found['days_to_verdict']} days in all, at this pace")
    for warning in found["warnings"]:
        click.echo(f"  note: {warning}")
