"""`forwarder alerts`: what is wrong, who knows of it, and whether the telling works."""

from collections.abc import Callable
from datetime import timedelta

import click

from forwarder.alerts import states
from forwarder.alerts.channels import NotSent
from forwarder.alerts.conditions import PAGE
from forwarder.alerts.messages import a_test
from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    known_or_exit,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.lookout import channels
from forwarder.store import Store, alerts
from forwarder.store.alerts import (
    ACKNOWLEDGED,
    IGNORED,
    OPEN,
    STATES,
    Alert,
    Message,
)
from forwarder.web.shapes_alerts import alert_json, change_json, message_json

HOURS_MOST = 24 * 365
PRESENT = (OPEN, ACKNOWLEDGED, IGNORED)


@click.group("alerts")
def alerts_() -> None:
    """See what is wrong, say that you know, or that nobody need be told."""


@alerts_.command("list")
@click.option("--all", "with_resolved", is_flag=True, help="Those that are over too.")
@json_option
def list_(*, with_resolved: bool, as_json: bool) -> None:
    """List alerts, the last changed first; exit code 1 while any is open.

    Example: forwarder alerts list --json
    """
    store = known_or_exit().store
    found = alerts.list_alerts(store, STATES if with_resolved else PRESENT)
    if as_json:
        print_json({"items": [alert_json(one) for one in found]})
    elif not found:
        click.echo("No alert: nothing is known to be wrong.")
    else:
        for one in found:
            click.echo(_line(one))
    if any(one.state == OPEN for one in found):
        raise SystemExit(BAD_NEWS)


def _line(one: Alert) -> str:
    subject = f" {one.subject}" if one.subject else ""
    urgent = "urgent  " if one.severity == PAGE else ""
    head = f"{one.id:>5}  {one.state:<13}{urgent}{one.rule}{subject}"
    until = one.ignored_until
    late = "" if until is None else f", until {until:%Y-%m-%d %H:%M}Z"
    return (
        f"{head}, since {one.opened_at:%Y-%m-%d %H:%M}Z{late}\n"
        f"       {one.summary}\n       -> {one.mend}"
    )


@alerts_.command()
@click.argument("alert_id", type=click.IntRange(1), metavar="ID")
@json_option
def show(alert_id: int, *, as_json: bool) -> None:
    """Show one alert, its history, and what was told of it."""
    store = known_or_exit().store
    one = _alert_or_exit(store, alert_id)
    history = alerts.history(store, alert_id)
    messages = alerts.messages_of(store, alert_id)
    if as_json:
        print_json(
            {
                **alert_json(one),
                "history": [change_json(change) for change in history],
                "messages": [message_json(message) for message in messages],
            }
        )
        return
    click.echo(_line(one))
    for change in history:
        by = f" by {change.who}" if change.who else ""
        click.echo(f"{change.at:%Y-%m-%d %H:%M}Z  {change.state}{by}  {change.note}")
    for message in messages:
        click.echo(f"{message.made_at:%Y-%m-%d %H:%M}Z  {_fate(message)}")


def _fate(message: Message) -> str:
    """Return what became of a message in words."""
    what = f"{message.what} by {message.channel}:"
    if message.due_at is None:
        return f"{what} {f'given up ({message.fault})' if message.fault else 'sent'}"
    fault = f" ({message.fault})" if message.fault else ""
    return f"{what} next attempt {message.due_at:%Y-%m-%d %H:%M}Z{fault}"


@alerts_.command()
@click.argument("alert_id", type=click.IntRange(1), metavar="ID")
@json_option
def ack(alert_id: int, *, as_json: bool) -> None:
    """Say that you know: it stays in the list, and nobody is told again."""
    store = ready_or_exit().store
    _change(
        store,
        alert_id,
        lambda: states.acknowledge(store, alert_id, who(), store.now()),
        as_json=as_json,
    )


@alerts_.command()
@click.argument("alert_id", type=click.IntRange(1), metavar="ID")
@click.option(
    "--hours",
    default=None,
    type=click.IntRange(1, HOURS_MOST),
    help="For so long; without it, for ever.",
)
@json_option
def ignore(alert_id: int, *, hours: int | None, as_json: bool) -> None:
    """Tell nobody of it for some hours, or ever.

    Example: forwarder alerts ignore 7 --hours 48
    """
    store = ready_or_exit().store
    now = store.now()
    until = None if hours is None else now + timedelta(hours=hours)
    _change(
        store,
        alert_id,
        lambda: states.ignore(store, alert_id, who(), now, until),
        as_json=as_json,
    )


@alerts_.command()
@click.argument("alert_id", type=click.IntRange(1), metavar="ID")
@json_option
def resolve(alert_id: int, *, as_json: bool) -> None:
    """End it by hand; what is still wrong opens it again within a minute."""
    store = ready_or_exit().store
    _change(
        store,
        alert_id,
        lambda: states.resolve(store, alert_id, who(), store.now()),
        as_json=as_json,
    )


def _change(
    store: Store, alert_id: int, change: Callable[[], Alert | None], *, as_json: bool
) -> None:
    _alert_or_exit(store, alert_id)
    changed = change()
    if changed is None:
        click.echo("It is over already: see `forwarder alerts list --all`.", err=True)
        raise SystemExit(BAD_NEWS)
    if as_json:
        print_json(alert_json(changed))
    else:
        click.echo(_line(changed))


def _alert_or_exit(store: Store, alert_id: int) -> Alert:
    found = alerts.find_alert(store, alert_id)
    if found is None:
        stop_wrong_use(f"there is no alert {alert_id}: see `forwarder alerts list`")
    return found


@alerts_.command()
def test() -> None:
    """Send a test message through every channel of the settings, at once."""
    wired = ready_or_exit()
    ways = list(channels(wired.settings.alerts))
    if not ways:
        stop_wrong_use("no channel is set: see [alerts] in docs/settings.md")
    now = wired.store.now()
    message = a_test(wired.settings.service.public_url, now)
    is_well = True
    for channel in ways:
        try:
            channel.send(message, now)
        except NotSent as fault:
            click.echo(f"{channel.name}: not sent. {fault}", err=True)
            is_well = False
        else:
            click.echo(f"{channel.name}: taken")
    if not is_well:
        raise SystemExit(BAD_NEWS)
