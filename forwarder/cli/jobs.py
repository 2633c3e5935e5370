"""`forwarder jobs`: what was asked to be done to many at once, and how far it is."""

import sys
import time
from datetime import timedelta
from textwrap import indent

import click

from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    known_or_exit,
    print_json,
    ready_or_exit,
    who,
)
from forwarder.cli.missing import told_in_words
from forwarder.pipeline.jobs import Workshop, work
from forwarder.pipeline.replay import cancel_job
from forwarder.store import Store
from forwarder.store import jobs as rows
from forwarder.store.jobs import Job, JobKind, State
from forwarder.web.shapes import job_json
from forwarder.web.words import LEFT_ALONE
from forwarder.wiring import Wired

LOOK_EVERY_S = 0.2
DONE_WORDS = {
    JobKind.REPLAY: "set back to pending",
    JobKind.DISCARD: "discarded",
    JobKind.REPARSE: "read",
    JobKind.ASK: "taken in",
    JobKind.IMPORT: "taken in",
}


@click.group()
def jobs() -> None:
    """See and cancel what `events replay` and the like, or the console, began."""


@jobs.command("list")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=rows.PAGE, show_default=True
)
@json_option
def list_(*, limit: int, as_json: bool) -> None:
    """List jobs, newest first."""
    found = rows.list_jobs(known_or_exit().store, limit)
    if as_json:
        print_json({"items": [job_json(one) for one in found]})
        return
    for one in found:
        click.echo(_line(one))
    if not found:
        click.echo("no job was ever started")


def _line(job: Job) -> str:
    return (
        f"{job.id:>6}  {job.created_at:%Y-%m-%d %H:%M:%S}Z  {job.kind.value:<8}"
        f"{job.state.value:<10}{job.n_done} of {job.n_planned}  {job.who}  {job.reason}"
    ).rstrip()


@jobs.command()
@click.argument("number", type=int)
@json_option
def show(number: int, *, as_json: bool) -> None:
    """Show one job: its filter, its counts, and why something was left alone."""
    job = _job_or_exit(known_or_exit().store, number)
    if as_json:
        print_json(job_json(job))
        return
    told = job_json(job)
    click.echo(_line(job))
    for name, value in told["filter"].items():
        click.echo(f"  {name}: {value}")
    for kind, n in told["skipped"].items():
        click.echo(f"  left alone: {n} {LEFT_ALONE[kind]}")
    if told["shop"] is not None:
        click.echo(indent(told_in_words(job.skipped), "  "))
    if job.message:
        click.echo(f"  {job.message}")


def _job_or_exit(store: Store, number: int) -> Job:
    job = rows.find(store, number)
    if job is None:
        click.echo(f"no job has the number {number}", err=True)
        raise SystemExit(BAD_NEWS)
    return job


@jobs.command()
@click.argument("number", type=int)
@json_option
def cancel(number: int, *, as_json: bool) -> None:
    """End a job after the piece in hand; what it has done stays done."""
    store = ready_or_exit().store
    is_ended = cancel_job(store, number, who(), store.now())
    job = _job_or_exit(store, number)
    if as_json:
        print_json(job_json(job))
    else:
        click.echo(_line(job) if is_ended else f"it is {job.state.value} already")
    if not is_ended:
        raise SystemExit(BAD_NEWS)


def workshop(wired: Wired) -> Workshop:
    """Return what this process works on jobs with."""
    return Workshop(
        desk=wired.desk(lambda: False),
        endpoints=wired.endpoints,
        destinations=list(wired.destinations.values()),
    )


def finish(wired: Wired, job: Job, *, is_quiet: bool) -> Job:
    """Work on a job until it is over, with a bar that shows how far it is.

    Goes on where a worker left off, and waits while one is at it. Ctrl-C leaves the
    job to the workers.
    """
    shop, store = workshop(wired), wired.store
    with click.progressbar(
        length=job.n_planned,
        label=job.kind.value,
        file=sys.stderr,
        hidden=is_quiet or not sys.stderr.isatty(),
    ) as bar:
        while not job.is_over:
            n_before = job.n_done
            work(shop, store.now() + timedelta(seconds=LOOK_EVERY_S), job.id)
            job = _job_or_exit(store, job.id)
            bar.update(job.n_done - n_before)
            if job.n_done == n_before and not job.is_over:
                time.sleep(LOOK_EVERY_S)
    return job


def told(job: Job) -> str:
    """Return in words how a job ended, or that a worker has it."""
    done = f"{job.n_done} {DONE_WORDS[job.kind]}"
    match job.state:
        case State.PLANNED | State.RUNNING:
            return f"job {job.id} is left to a worker: forwarder jobs show {job.id}"
        case State.DONE:
            return done
        case State.CANCELLED:
            return f"{done}, then cancelled"
        case State.FAILED:
            return f"{done}, then failed: {job.message}"
