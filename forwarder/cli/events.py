"""`forwarder events`: the delivery log in the terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any, TypeVar

import click
import orjson

from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
)
from forwarder.pipeline.replay import plan, reparse, replay
from forwarder.store import Store, log
from forwarder.store.log import Filter, Line, Story
from forwarder.store.replay import discard
from forwarder.web.filters import BadFilter, read_filter
from forwarder.web.shapes import line_json, page_json, story_json
from forwarder.web.words import explain_reason

TAIL_EVERY_S = 1.0
Command = TypeVar("Command", bound=Callable[..., Any])
FILTERS = {
    "status": "pending, delivered, refused, blocked or skipped.",
    "source": "The shop's platform, such as shopify.",
    "endpoint": "The name of a webhook address.",
    "kind": "checkout, signup, lead, …",
    "since": "Received at or after this date or time (UTC).",
    "until": "Received before this date or time (UTC).",
    "order": "The shop's order id.",
    "event-id": "The event_id that Pinterest sees.",
    "reason": "The reason word, such as too_old.",
}


def filter_options(command: Command) -> Command:
    """Add the filters of the delivery log to a command."""
    for name, text in reversed(FILTERS.items()):
        command = click.option(f"--{name}", default="", help=text)(command)
    return command


def _filter(given: dict[str, str]) -> tuple[Filter, int]:
    try:
        return read_filter(given)
    except BadFilter as bad:
        stop_wrong_use(str(bad))


@click.group()
def events() -> None:
    """Read the delivery log; send deliveries again, or give them up."""


@events.command("list")
@filter_options
@click.option("--limit", default="50", show_default=True)
@click.option("--cursor", default="", help="Where the page before ended.")
@json_option
def list_(*, as_json: bool, **given: str) -> None:
    """List deliveries, newest first.

    Example: forwarder events list --status refused --since 2026-11-01
    """
    wanted, n_max = _filter(given)
    page = log.list_deliveries(ready_or_exit().store, wanted, n_max)
    if as_json:
        print_json(page_json(page))
        return
    for line in page.lines:
        click.echo(_text(line))
    if not page.lines:
        click.echo("no delivery matches")
    if page.next_id is not None:
        click.echo(f"more: --cursor {page.next_id}")


def _text(line: Line) -> str:
    why = f" ({line.reason})" if line.reason else ""
    return (
        f"{line.received_at:%Y-%m-%d %H:%M:%S}Z  {line.status.value + why:<28}"
        f"{line.kind:<18}{line.source:<18}{line.event_id}"
    )


@events.command()
@click.argument("reference")
@json_option
def show(reference: str, *, as_json: bool) -> None:
    """Show what happened to one delivery: by event_id, order id or number."""
    store = ready_or_exit().store
    stories = [log.show(store, found) for found in log.find(store, reference)]
    known = [story for story in stories if story is not None]
    if not known:
        click.echo(
            f"no delivery has the event_id, order id or number {reference}", err=True
        )
        raise SystemExit(BAD_NEWS)
    for story in known:
        if as_json:
            print_json(story_json(story))
        else:
            _tell(story)
        if as_json:
            return


def _tell(story: Story) -> None:
    line = story.line
    click.echo(_text(line))
    if line.reason:
        click.echo(f"  {explain_reason(line.reason)}")
    if line.message:
        click.echo(f"  Pinterest said: {line.message}")
    for entry in story.history:
        click.echo(
            f"  {entry.at:%Y-%m-%d %H:%M:%S}Z  {entry.outcome:<10}"
            f"HTTP {entry.http_status if entry.http_status is not None else '-'}  "
            f"{entry.duration_ms} ms  batch of {entry.n_events}  {entry.mode}  "
            f"{entry.message}"
        )
    if story.payload is not None:
        click.echo("  sent: " + orjson.dumps(story.payload).decode())
    for left_out in story.dropped:
        click.echo(f"  left out: {left_out['field']} ({left_out['reason']})")


@events.command()
@filter_options
@json_option
def tail(*, as_json: bool, **given: str) -> None:
    """Print deliveries as they come, until Ctrl-C."""
    wanted, n_max = _filter(given)
    with suppress(KeyboardInterrupt):
        for line in follow(ready_or_exit().store, wanted, n_max):
            shown = orjson.dumps(line_json(line)).decode() if as_json else _text(line)
            click.echo(shown)


def follow(store: Store, wanted: Filter, n_max: int) -> Iterator[Line]:
    """Give the deliveries that come from now on, oldest first, without end."""
    newest = log.list_deliveries(store, Filter(), 1).lines
    after_id = newest[0].id if newest else 0
    while True:
        page = log.list_deliveries(store, replace(wanted, after_id=after_id), n_max)
        for line in page.lines:
            yield line
            after_id = line.id
        if page.next_id is None:
            time.sleep(TAIL_EVERY_S)


@events.command("replay")
@filter_options
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def replay_(*, dry_run: bool, yes: bool, as_json: bool, **given: str) -> None:
    """Send deliveries again: counts first, then asks, then runs."""
    wanted, _ = _filter(given)
    wired = ready_or_exit()
    destinations, now = wired.destinations.values(), wired.store.now()
    plans = plan(wired.store, wanted, destinations, now)
    if not as_json:
        for one in plans:
            click.echo(
                f"{one.destination}: {one.n_ready} to send again "
                f"({one.n_delivered} were delivered before), {one.n_too_old} too old, "
                f"{one.n_cleared} without the person's data, {one.n_for_good} left out "
                f"on purpose, {one.n_counted} delivered over a day ago (they might be "
                f"counted twice), {one.n_waiting} waiting"
            )
    n_set_back = 0
    if not dry_run and (yes or as_json or click.confirm("Send them again?")):
        n_set_back = replay(wired.store, wanted, destinations, now).n_set_back
    if as_json:
        counts = [asdict(one) for one in plans]
        print_json({"plans": counts, "n_set_back": n_set_back})
    else:
        click.echo(f"{n_set_back} set back to pending")


@events.command("discard")
@filter_options
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def discard_(*, dry_run: bool, yes: bool, as_json: bool, **given: str) -> None:
    """Give deliveries up that wait or were refused: they end as skipped.

    Example: forwarder events discard --status refused --reason no_identity
    """
    wanted, _ = _filter(given)
    if wanted == Filter():
        stop_wrong_use("say which: at least one filter is needed")
    store = ready_or_exit().store
    n_open = discard(store, wanted, store.now(), is_dry_run=True)
    n_discarded = 0
    if not as_json:
        click.echo(f"{n_open} wait or were refused")
    if not dry_run and (yes or as_json or click.confirm("Give them up?")):
        n_discarded = discard(store, wanted, store.now(), is_dry_run=False)
    if as_json:
        print_json({"n_open": n_open, "n_discarded": n_discarded})
    else:
        click.echo(f"{n_discarded} discarded")


@events.command("reparse")
@click.option("--dry-run", is_flag=True, help="Only count.")
@json_option
def reparse_(*, dry_run: bool, as_json: bool) -> None:
    """Read quarantined webhooks again, after their adapter was mended."""
    wired = ready_or_exit()
    done = reparse(wired.store, wired.endpoints, wired.store.now(), is_dry_run=dry_run)
    if as_json:
        print_json(asdict(done))
    else:
        click.echo(
            f"{done.n_read} can be read now, {done.n_still_unreadable} still can not"
        )
