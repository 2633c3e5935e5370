"""`forwarder events replay|discard|reparse`: count, ask, then let a job do it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Self, TypeVar

import click

from forwarder.cli import jobs
from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.cli.jobs import workshop
from forwarder.cli.picking import (
    filter_options,
    notice_options,
    picked_or_exit,
    read_or_exit,
)
from forwarder.pipeline.jobs import try_reparse
from forwarder.pipeline.replay import (
    Asker,
    count_open,
    plan,
    start_discard,
    start_reparse,
    start_replay,
)
from forwarder.store.jobs import Job, Scope, State
from forwarder.store.replay import Plan
from forwarder.web.console_story import count
from forwarder.web.shapes import job_json
from forwarder.web.words import LEFT_ALONE
from forwarder.wiring import Wired

Command = TypeVar("Command", bound=Callable[..., Any])


def job_options(command: Command) -> Command:
    """Add what every command that starts a job takes."""
    for option in (
        json_option,
        click.option(
            "--no-wait", is_flag=True, help="Leave it to a worker, do not wait."
        ),
        click.option(
            "--rate", type=click.IntRange(1), default=None, help="At most so many/s."
        ),
        click.option(
            "--because", default="", help="Why, for the audit log; discard needs it."
        ),
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--dry-run", is_flag=True, help="Only count."),
    ):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class _Ways:
    """How a job is asked for and done: what `job_options` took."""

    is_dry_run: bool
    is_yes: bool
    is_awaited: bool
    as_json: bool
    asker: Asker

    @classmethod
    def taken_from(cls, given: dict[str, Any]) -> Self:
        """Take these options out of what a command was given."""
        asker = Asker(
            who=who(), reason=given.pop("because"), rate_per_s=given.pop("rate")
        )
        return cls(
            is_dry_run=given.pop("dry_run"),
            is_yes=given.pop("yes"),
            is_awaited=not given.pop("no_wait"),
            as_json=given.pop("as_json"),
            asker=asker,
        )

    @property
    def is_decided(self) -> bool:
        """Whether nobody needs to be asked, or somebody can be."""
        return self.is_dry_run or self.is_yes or not self.as_json

    def agreed(self, question: str) -> bool:
        """Ask, unless that is decided."""
        return not self.is_dry_run and (self.is_yes or click.confirm(question))

    def done(self, wired: Wired, job: Job) -> Job:
        """Wait for the job, unless it is left to a worker."""
        if not self.is_awaited:
            return job
        return jobs.finish(wired, job, is_quiet=self.as_json)


@click.command("replay")
@filter_options
@click.option("--include-final", is_flag=True, help="Also delivered and skipped ones.")
@job_options
def replay(*, include_final: bool, **given: Any) -> None:  # noqa: ANN401  the filters
    """Send deliveries again: counts first, then asks, then runs.

    Takes what was refused; what was delivered or skipped only by its --status, its
    --reason or --include-final.

    Example: forwarder events replay --status refused --since 2026-11-01
    """
    ways = _Ways.taken_from(given)
    wanted = picked_or_exit(given, is_decided=ways.is_decided)
    scope = Scope(wanted=wanted, include_final=include_final)
    wired = ready_or_exit()
    store, now, job = wired.store, wired.store.now(), None
    plans = plan(store, scope, wired.destinations.values(), now)
    if not ways.as_json:
        for one in plans:
            click.echo(f"{one.destination}: {_counts(one)}")
    if any(one.n_ready for one in plans) and ways.agreed("Send them again?"):
        job = ways.done(wired, start_replay(store, scope, plans, ways.asker, now))
    counted = {"plans": [asdict(one) for one in plans]}
    _end(ways, job, counted, n="n_set_back", nothing="0 set back to pending")


def _end(
    ways: _Ways, job: Job | None, counted: dict[str, Any], *, n: str, nothing: str
) -> None:
    """Print what became of it; a job that failed or was cancelled is bad news."""
    if ways.as_json:
        n_done = 0 if job is None else job.n_done
        told = None if job is None else job_json(job)
        print_json({**counted, n: n_done, "job": told})
    else:
        click.echo(nothing if job is None else jobs.told(job))
    if job is not None and job.state in {State.FAILED, State.CANCELLED}:
        raise SystemExit(BAD_NEWS)


def _counts(one: Plan) -> str:
    parts = [
        (one.n_ready, f"to send again{_before(one.n_delivered)}"),
        *((n, LEFT_ALONE[why]) for why, n in one.left_alone.items()),
    ]
    told = ", ".join(f"{n} {words}" for n, words in parts if n)
    return told or "nothing matches"


def _before(n_delivered: int) -> str:
    return f" ({n_delivered} delivered before)" if n_delivered else ""


@click.command("discard")
@filter_options
@job_options
def discard(**given: Any) -> None:  # noqa: ANN401  the filters
    """Give deliveries up that wait or were refused: they end as skipped.

    Example: forwarder events discard --reason no_identity --because "test shop"
    """
    ways = _Ways.taken_from(given)
    wanted = picked_or_exit(given, is_decided=ways.is_decided)
    if not ways.is_dry_run and not ways.asker.reason.strip():
        stop_wrong_use("say why: --because TEXT; it stands in the log afterwards")
    scope = Scope(wanted=wanted)
    wired = ready_or_exit()
    store, job = wired.store, None
    n_open = count_open(store, scope)
    if not ways.as_json:
        click.echo(f"{count(n_open, 'waits or was', 'wait or were')} refused")
    if n_open and ways.agreed("Give up?"):
        job = ways.done(wired, start_discard(store, scope, ways.asker, store.now()))
    _end(ways, job, {"n_open": n_open}, n="n_discarded", nothing="0 discarded")


@click.command("reparse")
@notice_options
@job_options
def reparse(**given: Any) -> None:  # noqa: ANN401  the filters
    """Read quarantined webhooks again, after their adapter was mended.

    Counts first and asks. Example: forwarder events reparse --endpoint my-shop
    """
    ways = _Ways.taken_from(given)
    wanted, _ = read_or_exit(given)
    if not ways.is_decided:
        stop_wrong_use("--json asks nothing: say --yes to run, or --dry-run to count")
    wired = ready_or_exit()
    store, job = wired.store, None
    found = try_reparse(workshop(wired), wanted, store.now())
    if not ways.as_json:
        words = f"{found.n_still_unreadable} still can not"
        click.echo(f"{found.n_read} can be read now, {words}")
    if found.n_read and ways.agreed("Read them?"):
        scope = Scope(wanted=wanted)
        job = ways.done(wired, start_reparse(store, scope, ways.asker, store.now()))
    _end(ways, job, asdict(found), n="n_done", nothing="0 read")
