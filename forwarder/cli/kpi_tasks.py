"""`forwarder kpi tasks`, `kpi close` and `forwarder pull kpi`."""

import time
from typing import Any

import click

from forwarder.alerts.conditions import number
from forwarder.asking import NoAnswer
from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.core.kpi import Task
from forwarder.insights.advice import advice
from forwarder.insights.pulling import Pulled, follow_up, pull_kpi
from forwarder.insights.tasks import close
from forwarder.pipeline.snapshots import why_not
from forwarder.store import audit, kpi_tasks
from forwarder.store.kpi import Kept
from forwarder.wiring import kpi_subject


@click.command("tasks")
@click.option("--all", "is_all", is_flag=True, help="Also those that are closed.")
@json_option
def tasks(*, is_all: bool, as_json: bool) -> None:
    """List what fired rules ask for: one task per rule and month."""
    found = kpi_tasks.tasks(ready_or_exit().store)
    shown = [task for task in found if is_all or task.closed_at is None]
    if as_json:
        print_json({"items": [_json(task) for task in shown]})
        return
    for task in shown:
        ended = f"{'dismissed' if task.is_dismissed else 'done'}: {task.note}"
        state = f"due {task.due_on}" if task.closed_at is None else ended
        click.echo(f"{task.month}  {task.rule:28}{state}")
        click.echo(f"         {advice()[task.rule].action}")
    if not shown:
        click.echo("no task is open")


def _json(task: Task) -> dict[str, Any]:
    return {
        "rule": task.rule,
        "month": task.month,
        "opened_on": task.opened_on,
        "earliest_on": task.earliest_on,
        "due_on": task.due_on,
        "closed_at": task.closed_at,
        "dismissed": task.is_dismissed,
        "note": task.note,
        "who": task.who,
    }


@click.command("close")
@click.argument("rule")
@click.option("--month", required=True, help="The task's month, as YYYY-MM.")
@click.option("--outcome", default="", help="What came of the test.")
@click.option("--dismiss", default="", help="Why nothing is done.")
def close_(rule: str, month: str, outcome: str, dismiss: str) -> None:
    """Close a task: with its outcome, or with the reason why nothing is done.

    Example: forwarder kpi close ocr_drop --month 2026-10 --outcome "new image won"
    """
    if bool(outcome.strip()) == bool(dismiss.strip()):
        stop_wrong_use("give either --outcome or --dismiss, in a few words")
    store = ready_or_exit().store
    found = {task.rule: task for task in kpi_tasks.tasks(store, month)}
    if rule not in found:
        stop_wrong_use(f"no task {rule} in {month}: see `forwarder kpi tasks`")
    now, note = store.now(), outcome or dismiss
    is_dismissed = not outcome
    if not close(store, found[rule], note, who(), now, is_dismissed=is_dismissed):
        stop_wrong_use(f"{rule} of {month} is closed already")
    action = "dismissed a task" if is_dismissed else "closed a task"
    audit.note(store, who(), action, f"{month} {rule}", now, note)
    click.echo(f"{rule} of {month}: {'dismissed' if is_dismissed else 'done'}")


@click.command("kpi")
@click.option("--all-pins", is_flag=True, help="Every Pin, not only the leading ones.")
@json_option
def pull_kpi_(*, all_pins: bool, as_json: bool) -> None:
    """Pull the last 89 days of Pinterest's own counts now; the worker does it daily.

    Example: forwarder pull kpi --all-pins
    """
    subject = kpi_subject(ready_or_exit(), time.sleep)
    if subject.organic is None:
        stop_wrong_use("[kpi] has no token: see docs/kpi.md, or import files")
    now = subject.store.now()
    try:
        pulled = pull_kpi(subject.organic, subject.store, now, has_all_pins=all_pins)
    except NoAnswer as none:
        click.echo(f"not pulled: {why_not(none)}", err=True)
        raise SystemExit(BAD_NEWS) from None
    audit.note(subject.store, who(), "pulled", "Pinterest's own counts", now)
    n_tasks = follow_up(subject.store, subject.limits, now)
    if as_json:
        print_json({**_pulled_json(pulled), "new_tasks": n_tasks})
        return
    click.echo(f"{pulled.first_on} to {pulled.last_on}")
    for name, kept in (("account", pulled.account), ("Pins", pulled.of_pins)):
        click.echo(
            f"  days of {name}: {kept.n_new} new, {kept.n_changed} changed, "
            f"{kept.n_same} as before"
        )
    told = ((pulled.n_pins, "Pin"), (pulled.n_boards, "board"), (n_tasks, "new task"))
    click.echo(f"  {', '.join(number(n, name) for n, name in told)}")
    for pin in pulled.gone:
        click.echo(f"  gone: Pin {pin}; its days stay")
    for note in pulled.notes:
        click.echo(f"  not pulled: {note}")


def _pulled_json(pulled: Pulled) -> dict[str, Any]:
    return {
        "first_on": pulled.first_on,
        "last_on": pulled.last_on,
        "account": _kept_json(pulled.account),
        "of_pins": _kept_json(pulled.of_pins),
        "pins": pulled.n_pins,
        "gone": pulled.gone,
        "device_days": pulled.n_device_days,
        "boards": pulled.n_boards,
        "notes": pulled.notes,
    }


def _kept_json(kept: Kept) -> dict[str, int]:
    return {"new": kept.n_new, "changed": kept.n_changed, "same": kept.n_same}
