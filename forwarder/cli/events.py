"""`forwarder events`: the delivery log in the terminal."""

from typing import Any

import click
import orjson

from forwarder.alerts.conditions import number
from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    known_or_exit,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.cli.export import export
from forwarder.cli.lines import line_text, only_destination
from forwarder.cli.picking import filter_options, read_or_exit
from forwarder.cli.repair import discard, reparse, replay
from forwarder.cli.tail import tail
from forwarder.core.delivery import NoticeStatus
from forwarder.store import Store, audit, log, notice_log, story
from forwarder.store.reveal import open_delivery
from forwarder.store.story import Story
from forwarder.web.console_story import left_out, who_said
from forwarder.web.person import opened_json
from forwarder.web.shapes import notice_json, page_json, story_json
from forwarder.web.telling import unfound
from forwarder.web.words import GONE, MODES, explain_reason


@click.group()
def events() -> None:
    """Read the delivery log; send deliveries again, or give them up."""


for command in (tail, export, replay, discard, reparse):
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
    wired = known_or_exit()
    page = log.list_deliveries(wired.store, wanted, n_max)
    if as_json:
        print_json(page_json(page))
        return
    only = only_destination(wired)
    has_others = any(line.destination != only for line in page.lines)
    for line in page.lines:
        click.echo(line_text(line, has_destination=has_others))
    if not page.lines:
        click.echo("no delivery matches")
        if wanted.person is not None:
            click.echo(unfound(wired.settings.service.find_people_days), err=True)
    if page.next_id is not None:
        click.echo(f"more: --cursor {page.next_id}")


@events.command()
@click.argument("reference")
@click.option("--reveal", is_flag=True, help="Show the person in clear. Audited.")
@click.option("--because", default="", help="Why it has to be seen, for the audit log.")
@json_option
def show(reference: str, *, reveal: bool, because: str, as_json: bool) -> None:
    """Show what happened to one delivery: by event_id, order id or number.

    As JSON: the delivery if there is one, {"items": […]} if several are found.
    """
    if reveal and not because.strip():
        stop_wrong_use("--reveal wants --because: why it has to be seen")
    wired = known_or_exit()
    known = _stories(wired.store, reference)
    opened = {
        one.line.id: _revealed(wired.store, one, because) for one in known if reveal
    }
    if as_json:
        items = [{**story_json(one), **opened.get(one.line.id, {})} for one in known]
        print_json(items[0] if len(items) == 1 else {"items": items})
        return
    for one in known:
        _tell(one, only_destination(wired))
        for field, told in opened.get(one.line.id, {}).items():
            click.echo(f"  {field}: {orjson.dumps(told).decode()}")


def _stories(store: Store, reference: str) -> list[Story]:
    found = [story.show(store, line.id) for line in log.find(store, reference)]
    known = [one for one in found if one is not None]
    if not known:
        click.echo(
            f"no delivery has the event_id, order id or number {reference}", err=True
        )
        raise SystemExit(BAD_NEWS)
    return known


def _revealed(store: Store, one: Story, because: str) -> dict[str, Any]:
    """Return a delivery in clear, once the audit log says so."""
    subject = f"delivery {one.line.id}"
    audit.note(store, who(), "revealed", subject, store.now(), because)
    return opened_json(open_delivery(store, one.line.id))


def _tell(story: Story, only: str | None) -> None:
    line = story.line
    click.echo(line_text(line, has_destination=line.destination != only))
    if line.reason:
        click.echo(f"  {explain_reason(line.reason)}")
    if line.message:
        click.echo(f"  {who_said(story)}: {line.message}")
    for entry in story.history:
        click.echo(
            f"  {entry.at:%Y-%m-%d %H:%M:%S}Z  {entry.outcome:<10}"
            f"HTTP {entry.http_status if entry.http_status is not None else '-'}  "
            f"{entry.duration_ms} ms  request {entry.batch}, "
            f"{number(entry.n_events, 'event')}, {MODES.get(entry.mode, entry.mode)}  "
            f"{entry.message}"
        )
    if story.payload is not None:
        click.echo("  sent: " + orjson.dumps(story.payload).decode())
    elif story.is_gone:
        click.echo(f"  sent: {GONE}")
    for one in left_out(story):
        click.echo(f"  left out: {one['field']} ({one['reason']})")


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
    found = notice_log.list_notices(ready_or_exit().store, wanted, limit)
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
