"""`forwarder pull`: what the platform shows of its own counting, kept day by day."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any, NoReturn

import click

from forwarder.asking import NoAnswer
from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.cli.kpi_tasks import pull_kpi_
from forwarder.pipeline.snapshots import (
    BACK_DAYS_MAX,
    Snapshot,
    Subject,
    take_snapshot,
    why_not,
)
from forwarder.store import audit, snapshots
from forwarder.store.snapshots import Saved, Shown
from forwarder.wiring import snapshot_subjects


@click.group()
def pull() -> None:
    """Fetch what the platform itself reports, and show what was fetched before."""


pull.add_command(pull_kpi_)


@pull.command("reports")
@click.option("--since", "since_text", default="", help="First day, as 2026-10-01.")
@click.option("--destination", default="", help="Which one; all if not given.")
@json_option
def reports(*, since_text: str, destination: str, as_json: bool) -> None:
    """Take a snapshot of the conversion reports now; the worker takes one a day.

    Example: forwarder pull reports --since 2026-08-01
    """
    since = None if not since_text else _since_or_exit(since_text)
    subjects = _subjects_or_exit(destination)
    told: list[dict[str, Any]] = []
    for subject in subjects:
        try:
            taken = take_snapshot(subject, subject.store.now(), since)
        except NoAnswer as none:
            _stop_with(f"{subject.destination}: {why_not(none)}")
        if taken is not None:
            told.append(_snapshot_json(subject.destination, taken))
            now = subject.store.now()
            audit.note(subject.store, who(), "pulled", subject.destination, now)
    if as_json:
        print_json(told)
        return
    for one in told:
        _print(one)


@pull.command("revisions")
@click.option("--month", "month_text", required=True, help="The month, as YYYY-MM.")
@click.option("--destination", default="", help="Which one; all if not given.")
@json_option
def revisions(*, month_text: str, destination: str, as_json: bool) -> None:
    """List every number the platform ever showed for the days of a month.

    Example: forwarder pull revisions --month 2026-10
    """
    first_on = _month_or_exit(month_text)
    last_on = (first_on + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    told = [
        _shown_json(subject.destination, shown)
        for subject in _subjects_or_exit(destination)
        for shown in snapshots.history(
            subject.store, subject.destination, first_on, last_on
        )
    ]
    if as_json:
        print_json(told)
        return
    for one in told:
        source = one["source"] or "all sources"
        click.echo(
            f"{one['day']}  {one['kind']:<12} {one['conversions']:>8}  {source}, "
            f"{one['rules']}, from {one['taken_at']:%Y-%m-%d %H:%M} "
            f"to {one['confirmed_at']:%Y-%m-%d %H:%M} UTC"
        )


def _subjects_or_exit(wanted: str) -> list[Subject]:
    subjects = snapshot_subjects(ready_or_exit(), time.sleep)
    known = [one.destination for one in subjects]
    if not subjects:
        stop_wrong_use("no destination has a report_token: see docs/settings.md")
    if wanted and wanted not in known:
        stop_wrong_use(f"--destination: one of {', '.join(known)}")
    return [one for one in subjects if wanted in {"", one.destination}]


def _since_or_exit(text: str) -> date:
    try:
        since = date.fromisoformat(text)
    except ValueError:
        stop_wrong_use(f"--since {text} is no day; such as 2026-10-01")
    today = datetime.now(UTC).date()  # noqa: TID251  a door
    if not today - timedelta(days=BACK_DAYS_MAX) <= since < today:
        stop_wrong_use(f"--since {text}: Pinterest shows {BACK_DAYS_MAX} days back")
    return since


def _month_or_exit(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        stop_wrong_use(f"--month {text} is no month; such as 2026-10")


def _stop_with(sentence: str) -> NoReturn:
    click.echo(sentence, err=True)
    raise SystemExit(BAD_NEWS)


def _snapshot_json(destination: str, taken: Snapshot) -> dict[str, Any]:
    return {
        "destination": destination,
        "first_on": taken.span.first_on,
        "last_on": taken.span.last_on,
        "currency": taken.currency,
        "daily": _saved_json(taken.daily),
        "by_source": _saved_json(taken.by_source),
        "quality": [
            {
                "source": one.source,
                "platform": one.platform,
                "lookback": one.lookback,
                "status": one.status,
            }
            for one in taken.quality
        ],
        "notes": list(taken.notes),
    }


def _saved_json(saved: Saved) -> dict[str, int]:
    return {"new": saved.n_new, "revised": saved.n_revised, "same": saved.n_same}


def _shown_json(destination: str, shown: Shown) -> dict[str, Any]:
    number = shown.number
    return {
        "destination": destination,
        "day": number.on,
        "kind": number.kind.value,
        "source": number.source,
        "rules": str(number.windows),
        "conversions": number.n,
        "value_micro": number.value_micro,
        "currency": shown.currency,
        "taken_at": shown.taken_at,
        "confirmed_at": shown.confirmed_at,
    }


def _print(told: dict[str, Any]) -> None:
    click.echo(f"{told['destination']}: {told['first_on']} to {told['last_on']}")
    for name, saved in (("daily", told["daily"]), ("by source", told["by_source"])):
        counts = ", ".join(f"{n} {word}" for word, n in saved.items())
        click.echo(f"  {name}: {counts}")
    for one in told["quality"]:
        click.echo(
            f"  event quality {one['source']}, {one['lookback']}: {one['status']}"
        )
    for note in told["notes"]:
        click.echo(f"  not fetched: {note}")
