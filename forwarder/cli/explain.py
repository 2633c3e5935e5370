"""`forwarder explain`: what one webhook body would become, without sending anything."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import orjson

from forwarder.cli.common import BAD_NEWS, json_option, print_json, stop_wrong_use
from forwarder.core.delivery import Encoded
from forwarder.core.event import Event, Notice, Unreadable
from forwarder.core.source import Options
from forwarder.destinations import DESTINATIONS
from forwarder.pipeline.drain import FUTURE_TOLERANCE
from forwarder.pipeline.receive import skip_reason
from forwarder.samples import read_http
from forwarder.sources import SOURCES, TOPIC_HEADERS


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, type=click.Choice(sorted(SOURCES)))
@click.option(
    "--topic", default="", help="What the platform puts into its topic header."
)
@click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'")
@click.option("--country", default="", help="The shop's country, two letters.")
@click.option("--now", "now_text", default="", help="Pretend it is this time (ISO).")
@click.option(
    "--keep-reserved-domains",
    is_flag=True,
    help="Keep addresses at example.com and the like.",
)
@json_option
def explain(*, file: Path, source: str, as_json: bool, **given: Any) -> None:  # noqa: ANN401
    """Show the payload that a webhook body becomes, and every field left out and why.

    FILE is a bare body, or an .http file with headers, a blank line and the body.
    """
    now = _now(given["now_text"])
    found = _notice(file, source, given["topic"], given["headers"])
    notice = replace(found, received_at=now)
    options = Options(shop=source, country=given["country"].upper())
    keep_reserved = given["keep_reserved_domains"]
    told = _told(source, notice, options, now, keep_reserved=keep_reserved)
    if as_json:
        print_json(told)
    else:
        _print(told)
    if told["status"] == "quarantined":
        raise SystemExit(BAD_NEWS)


def _now(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)  # noqa: TID251  a door
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        stop_wrong_use(f"--now {text} is no time; such as 2026-11-21T08:00:00Z")
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _notice(file: Path, source: str, topic: str, headers: tuple[str, ...]) -> Notice:
    data = file.read_bytes()
    notice = (
        read_http(data) if file.suffix == ".http" else Notice(headers={}, body=data)
    )
    found = dict(notice.headers)
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon:
            stop_wrong_use(f"--header '{name}' has no colon; such as 'X-Topic: paid'")
        found[name.strip().lower()] = value.strip()
    if topic:
        found[TOPIC_HEADERS.get(source, "x-topic")] = topic
    return Notice(headers=found, body=notice.body, path_secret=notice.path_secret)


def _told(
    source: str, notice: Notice, options: Options, now: datetime, *, keep_reserved: bool
) -> dict[str, Any]:
    try:
        reading = SOURCES[source].parse(notice, options)
    except Unreadable as unreadable:
        return {"status": "quarantined", "reason": str(unreadable), "events": []}
    if not reading.events:
        return {"status": "ignored", "reason": reading.ignored, "events": []}
    events = [
        _event(event, now, keep_reserved=keep_reserved) for event in reading.events
    ]
    return {"status": "events", "reason": "", "events": events}


def _event(event: Event, now: datetime, *, keep_reserved: bool) -> dict[str, Any]:
    plain = {"ad_account_id": "0", "token": "-", "base_url": "http://127.0.0.1"}
    destination = DESTINATIONS["pinterest"](
        "explain", {**plain, "drop_reserved_domains": not keep_reserved}
    )
    told: dict[str, Any] = {
        "event_id": event.event_id,
        "kind": event.kind.value,
        "payload": None,
        "sent_fields": [],
        "dropped": [],
        "warnings": list(event.warnings),
        "not_sent": skip_reason(event),
    }
    encoded = destination.encode(event)
    if not isinstance(encoded, Encoded):
        told["not_sent"] = told["not_sent"] or encoded.reason
        told["warnings"] += [encoded.message] if encoded.message else []
        return told
    payload = orjson.loads(encoded.body)
    told["payload"] = payload
    told["sent_fields"] = sorted(_paths(payload))
    told["dropped"] = [{"field": d.field, "reason": d.reason} for d in encoded.dropped]
    told["warnings"] = list(encoded.warnings)
    if not told["not_sent"]:
        told["not_sent"] = _untimely(event, now, destination.max_age)
    return told


def _untimely(event: Event, now: datetime, max_age: timedelta) -> str:
    """Return why it is too early or too late to send an event; empty if it is not."""
    if now - event.occurred_at > max_age:
        return "too_old"
    return "in_future" if event.occurred_at - now > FUTURE_TOLERANCE else ""


def _paths(payload: dict[str, Any]) -> list[str]:
    """Return the names of all fields, those of inner objects with a dot."""
    names: list[str] = []
    for name, value in payload.items():
        inner = value if isinstance(value, dict) else None
        names += [name] if inner is None else [f"{name}.{key}" for key in inner]
    return names


def _print(told: dict[str, Any]) -> None:
    if told["status"] != "events":
        click.echo(f"{told['status']}: {told['reason']}")
    for event in told["events"]:
        click.echo(f"{event['kind']}  {event['event_id']}")
        if event["not_sent"]:
            click.echo(f"  not sent: {event['not_sent']}")
        if event["payload"] is not None:
            text = orjson.dumps(event["payload"], option=orjson.OPT_INDENT_2).decode()
            click.echo("  " + text.replace("\n", "\n  "))
        for left_out in event["dropped"]:
            click.echo(f"  left out: {left_out['field']} ({left_out['reason']})")
        for warning in event["warnings"]:
            click.echo(f"  note: {warning}")
