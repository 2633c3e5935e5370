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
from forwarder.core.delivery import NoticeStatus
from forwarder.pipeline.replay import plan, reparse, replay
from forwarder.store import Store, log
from forwarder.store.log import Filter, Line, Story
from forwarder.store.replay import Plan, discard
from forwarder.web.console_story import count, left_out, who_said
from forwarder.web.filters import BadFilter, read_filter
from forwarder.web.shapes import line_json, notice_json, page_json, story_json
from forwarder.web.words import explain_reason
from forwarder.wiring import Wired

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
    wired = ready_or_exit()
    page = log.list_deliveries(wired.store, wanted, n_max)
    if as_json:
        print_json(page_json(page))
        return
    only = _only(wired)
    has_others = any(line.destination != only for line in page.lines)
    for line in page.lines:
        click.echo(_text(line, has_destination=has_others))
    if not page.lines:
        click.echo("no delivery matches")
    if page.next_id is not None:
        click.echo(f"more: --cursor {page.next_id}")


def _only(wired: Wired) -> str | None:
    """Return the destination that goes without saying; None when there are several."""
    names = [one.name for one in wired.destinations.values()]
    return names[0] if len(names) == 1 else None


def _text(line: Line, *, has_destination: bool) -> str:
    to = f"{line.destination:<18}" if has_destination else ""
    why = f" ({line.reason})" if line.reason else ""
    return (
        f"{line.received_at:%Y-%m-%d %H:%M:%S}Z  {line.status.value + why:<28}"
        f"{line.kind:<18}{line.source:<18}{to}{line.event_id}"
    )


@events.command()
@click.argument("reference")
@json_option
def show(reference: str, *, as_json: bool) -> None:
    """Show what happened to one delivery: by event_id, order id or number.

    As JSON: the delivery if there is one, {"items": […]} if several are found.
    """
    wired = ready_or_exit()
    found = log.find(wired.store, reference)
    stories = [log.show(wired.store, number) for number in found]
    known = [story for story in stories if story is not None]
    if not known:
        click.echo(
            f"no delivery has the event_id, order id or number {reference}", err=True
        )
        raise SystemExit(BAD_NEWS)
    if as_json:
        items = [story_json(story) for story in known]
        print_json(items[0] if len(items) == 1 else {"items": items})
        return
    for story in known:
        _tell(story, _only(wired))


def _tell(story: Story, only: str | None) -> None:
    line = story.line
    click.echo(_text(line, has_destination=line.destination != only))
    if line.reason:
        click.echo(f"  {explain_reason(line.reason)}")
    if line.message:
        click.echo(f"  {who_said(story)}: {line.message}")
    for entry in story.history:
        click.echo(
            f"  {entry.at:%Y-%m-%d %H:%M:%S}Z  {entry.outcome:<10}"
            f"HTTP {entry.http_status if entry.http_status is not None else '-'}  "
            f"{entry.duration_ms} ms  batch of {entry.n_events}  {entry.mode}  "
            f"{entry.message}"
        )
    if story.payload is not None:
        click.echo("  sent: " + orjson.dumps(story.payload).decode())
    for one in left_out(story):
        click.echo(f"  left out: {one['field']} ({one['reason']})")


@events.command()
@filter_options
@json_option
def tail(*, as_json: bool, **given: str) -> None:
    """Print deliveries as they come, until Ctrl-C."""
    wanted, n_max = _filter(given)
    with suppress(KeyboardInterrupt):
        wired = ready_or_exit()
        only = _only(wired)
        for line in follow(wired.store, wanted, n_max):
            text = _text(line, has_destination=line.destination != only)
            click.echo(orjson.dumps(line_json(line)).decode() if as_json else text)


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
    """Send deliveries again: counts first, then asks, then runs.

    Example: forwarder events replay --status refused --since 2026-11-01
    """
    wanted = _picked(given, is_decided=dry_run or yes or not as_json)
    wired = ready_or_exit()
    destinations, now = wired.destinations.values(), wired.store.now()
    plans = plan(wired.store, wanted, destinations, now)
    if not as_json:
        for one in plans:
            click.echo(f"{one.destination}: {_counts(one)}")
    n_set_back = 0
    has_work = not dry_run and any(one.n_ready for one in plans)
    if has_work and (yes or click.confirm("Send them again?")):
        n_set_back = replay(wired.store, wanted, destinations, now).n_set_back
    if as_json:
        counts = [asdict(one) for one in plans]
        print_json({"plans": counts, "n_set_back": n_set_back})
    else:
        click.echo(f"{n_set_back} set back to pending")


def _picked(given: dict[str, str], *, is_decided: bool) -> Filter:
    """Return the filter; exit with 2 if it picks all, or nobody can be asked."""
    wanted, _ = _filter(given)
    if wanted == Filter():
        stop_wrong_use("say which: at least one filter is needed")
    if not is_decided:
        stop_wrong_use("--json asks nothing: say --yes to run, or --dry-run to count")
    return wanted


def _counts(one: Plan) -> str:
    parts = (
        (one.n_ready, f"to send again{_before(one.n_delivered)}"),
        (one.n_too_old, "too old"),
        (one.n_cleared, "without the person's data"),
        (one.n_for_good, "left out on purpose"),
        (one.n_counted, "delivered over a day ago (might be counted twice)"),
        (one.n_waiting, "waiting"),
    )
    told = ", ".join(f"{n} {words}" for n, words in parts if n)
    return told or "nothing matches"


def _before(n_delivered: int) -> str:
    return f" ({n_delivered} delivered before)" if n_delivered else ""


@events.command("discard")
@filter_options
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def discard_(*, dry_run: bool, yes: bool, as_json: bool, **given: str) -> None:
    """Give deliveries up that wait or were refused: they end as skipped.

    Example: forwarder events discard --status refused --reason no_identity
    """
    wanted = _picked(given, is_decided=dry_run or yes or not as_json)
    store = ready_or_exit().store
    n_open = discard(store, wanted, store.now(), is_dry_run=True)
    n_discarded = 0
    if not as_json:
        click.echo(f"{count(n_open, 'waits or was', 'wait or were')} refused")
    if n_open and not dry_run and (yes or click.confirm("Give up?")):
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


@events.command("webhooks")
@click.option(
    "--status", type=click.Choice([one.value for one in NoticeStatus]), default=None
)
@click.option(
    "--limit",
    type=click.IntRange(1, log.PAGE_MAX),
    default=log.PAGE,
    show_default=True,
)
@json_option
def webhooks_(*, status: str | None, limit: int, as_json: bool) -> None:
    """List the webhooks that came in, newest first, and why some became no event.

    Example: forwarder events webhooks --status quarantined
    """
    wanted = None if status is None else NoticeStatus(status)
    found = log.list_notices(ready_or_exit().store, wanted, limit)
    if as_json:
        print_json({"items": [notice_json(one) for one in found]})
        return
    for one in found:
        click.echo(
            f"{one.id:>8}  {one.received_at:%Y-%m-%d %H:%M:%S}Z  "
            f"{one.endpoint:<18}{one.status.value:<13}{one.reason}".rstrip()
        )
    if not found:
        click.echo("no webhook matches")
