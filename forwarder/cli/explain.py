"""`forwarder explain`: what one webhook body would become, without sending anything."""

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import orjson

from config import checks
from config.settings import DECLARED
from forwarder.cli.common import BAD_NEWS, json_option, print_json, stop_wrong_use
from forwarder.core.delivery import Encoded, Refused
from forwarder.core.event import Event, Notice, Unreadable
from forwarder.core.source import Options, Source
from forwarder.destinations import DESTINATIONS
from forwarder.pipeline.drain import FUTURE_TOLERANCE
from forwarder.pipeline.receive import skip_reason, timely
from forwarder.samples import read_http
from forwarder.sources import SOURCES, TOPIC_HEADERS
from forwarder.sources.declared import Incomplete, declared
from forwarder.web.shapes import moment

TOO_OLD, IN_FUTURE = "too_old", "in_future"
N_LETTERS = 2  # of a country's code


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--source", required=True, type=click.Choice(sorted([*SOURCES, DECLARED]))
)
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --source declared: the file that says where the fields are.",
)
@click.option(
    "--topic", default="", help="What the platform puts into its topic header."
)
@click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'")
@click.option("--endpoint", default="", help="The endpoint's name, for the event_id.")
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
    now = time_of(given["now_text"])
    found = notice_in(file, source, given["topic"], given["headers"])
    notice = replace(found, received_at=now)
    shop = _shop(given["endpoint"]) or source
    options = Options(shop=shop, country=_country(given["country"]))
    keep_reserved = given["keep_reserved_domains"]
    adapter = _adapter(source, given["mapping"])
    told = _told(adapter, notice, options, now, keep_reserved=keep_reserved)
    if as_json:
        print_json(told)
    else:
        _print(told)
        if told["events"] and not given["endpoint"]:
            click.echo(
                f"The endpoint is taken to be named {source}, as in the event_id; "
                "say --endpoint NAME if it is not."
            )
    if told["status"] == "quarantined":
        raise SystemExit(BAD_NEWS)


def _adapter(source: str, mapping: Path | None) -> Source:
    """Return the adapter; exit with 2 and every fault of a mapping."""
    if (source == DECLARED) != (mapping is not None):
        stop_wrong_use(f"--mapping FILE and --source {DECLARED} belong together")
    if mapping is None:
        return SOURCES[source]
    try:
        return declared(tomllib.loads(mapping.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        stop_wrong_use(f"{mapping} is not TOML: {fault}")
    except Incomplete as incomplete:
        stop_wrong_use("\n".join(f"{mapping}: {one}" for one in incomplete.faults))


def _shop(name: str) -> str:
    if name and not checks.NAME.match(name):
        stop_wrong_use(
            f"--endpoint '{name}' is no name: small letters, digits, - and _ only"
        )
    return name


def _country(text: str) -> str:
    if text and not (len(text) == N_LETTERS and text.isascii() and text.isalpha()):
        stop_wrong_use(f"--country '{text}' is not two letters; such as DE")
    return text.upper()


def time_of(text: str) -> datetime:
    """Return the time that was told, or the present one; exit with 2 if it is none."""
    if not text:
        return datetime.now(UTC)  # noqa: TID251  a door
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        stop_wrong_use(f"--now {text} is no time; such as 2026-11-21T08:00:00Z")
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def notice_in(file: Path, source: str, topic: str, headers: tuple[str, ...]) -> Notice:
    """Return the webhook that a file holds, with the headers that were told."""
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
    source: Source,
    notice: Notice,
    options: Options,
    now: datetime,
    *,
    keep_reserved: bool,
) -> dict[str, Any]:
    try:
        reading = source.parse(notice, options)
    except Unreadable as unreadable:
        return {"status": "quarantined", "reason": str(unreadable), "events": []}
    if not reading.events:
        return {"status": "ignored", "reason": reading.ignored, "events": []}
    events = [
        _event(timely(event, now, now), now, keep_reserved=keep_reserved)
        for event in reading.events
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
        "occurred_at": moment(event.occurred_at),
        "payload": None,
        "sent_fields": [],
        "dropped": [],
        "warnings": list(event.warnings),
        "not_sent": skip_reason(event),
        "verdict": "sent",
    }
    encoded = destination.encode(event)
    if not isinstance(encoded, Encoded):
        is_refused = isinstance(encoded, Refused) and not told["not_sent"]
        told["verdict"] = "refused" if is_refused else "skipped"
        told["not_sent"] = told["not_sent"] or encoded.reason
        told["warnings"] += [encoded.message] if encoded.message else []
        return told
    payload = orjson.loads(encoded.body)
    told["payload"] = payload
    told["sent_fields"] = sorted(_paths(payload))
    told["dropped"] = [{"field": d.field, "reason": d.reason} for d in encoded.dropped]
    told["warnings"] = list(encoded.warnings)
    told["not_sent"] = told["not_sent"] or _untimely(event, now, destination.max_age)
    if told["not_sent"]:
        told["verdict"] = "refused" if told["not_sent"] == IN_FUTURE else "skipped"
    return told


def _untimely(event: Event, now: datetime, max_age: timedelta) -> str:
    """Return why it is too early or too late to send an event; empty if it is not."""
    if now - event.occurred_at > max_age:
        return TOO_OLD
    return IN_FUTURE if event.occurred_at - now > FUTURE_TOLERANCE else ""


def _paths(payload: dict[str, Any]) -> list[str]:
    """Return the names of all fields, those of inner objects with a dot."""
    names: list[str] = []
    for name, value in payload.items():
        inner = value if isinstance(value, dict) else None
        names += [name] if inner is None else [f"{name}.{key}" for key in inner]
    return names


def _verdict(event: dict[str, Any]) -> str:
    """Return what would become of an event that is not sent."""
    reason = event["not_sent"]
    is_by_time = reason in {TOO_OLD, IN_FUTURE}
    date = f" ({event['occurred_at'][:10]})" if is_by_time else ""
    return f"would be {event['verdict']} now: {reason}{date}"


def _print(told: dict[str, Any]) -> None:
    if told["status"] != "events":
        click.echo(f"{told['status']}: {told['reason']}")
    for event in told["events"]:
        if event["not_sent"]:
            click.echo(_verdict(event))
        click.echo(f"{event['kind']}  {event['event_id']}")
        if event["payload"] is not None:
            text = orjson.dumps(event["payload"], option=orjson.OPT_INDENT_2).decode()
            click.echo("  " + text.replace("\n", "\n  "))
        for left_out in event["dropped"]:
            click.echo(f"  left out: {left_out['field']} ({left_out['reason']})")
        for warning in event["warnings"]:
            click.echo(f"  note: {warning}")
