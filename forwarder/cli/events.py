"""`forwarder events`: the delivery log in the terminal."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace as changed

import click
import orjson

from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    ready_or_exit,
)
from forwarder.cli.picking import filter_options, read_or_exit
from forwarder.cli.repair import discard, reparse, replay
from forwarder.core.delivery import NoticeStatus
from forwarder.store import Store, log, story
from forwarder.store.log import Filter, Line
from forwarder.store.story import Story
from forwarder.web.console_story import left_out, who_said
from forwarder.web.shapes import line_json, notice_json, page_json, story_json
from forwarder.web.words import explain_reason
from forwarder.wiring import Wired

TAIL_EVERY_S = 1.0


@click.group()
def events() -> None:
    """Read the delivery log; send deliveries again, or give them up."""


for command in (replay, discard, reparse):
    events.add_command(command)


@events.command("list")
@filter_options
@click.option("--limit", default="50", show_default=True)
@click.option("--cursor", default="", help="Where the page before ended.")
@json_option
def list_(*, as_json: bool, **given: str) -> None:
    """List deliveries, newest first.

    Example: forwarder events list --status refused --since 2026-11-01
    """
    wanted, n_max = read_or_exit(given)
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
    stories = [story.show(wired.store, line.id) for line in found]
    known = [one for one in stories if one is not None]
    if not known:
        click.echo(
            f"no delivery has the event_id, order id or number {reference}", err=True
        )
        raise SystemExit(BAD_NEWS)
    if as_json:
        items = [story_json(one) for one in known]
        print_json(items[0] if len(items) == 1 else {"items": items})
        return
    for one in known:
        _tell(one, _only(wired))


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
    wanted, n_max = read_or_exit(given)
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
        page = log.list_deliveries(store, changed(wanted, after_id=after_id), n_max)
        for line in page.lines:
            yield line
            after_id = line.id
        if page.next_id is None:
            time.sleep(TAIL_EVERY_S)


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
