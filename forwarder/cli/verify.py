"""`forwarder verify`: is a saved webhook genuine, and if not, which step fails."""

from dataclasses import replace
from pathlib import Path

import click

from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    stop_wrong_use,
    wired_or_exit,
)
from forwarder.cli.explain import notice_in, time_of
from forwarder.core.event import Forged, Stale
from forwarder.pipeline.diagnose import why_refused
from forwarder.pipeline.receive import verify as verify_notice


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--endpoint", "name", required=True, help="The name of an address.")
@click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'")
@click.option("--now", "now_text", default="", help="Pretend it is this time (ISO).")
@json_option
def verify(
    file: Path, name: str, headers: tuple[str, ...], now_text: str, *, as_json: bool
) -> None:
    """Say whether a saved webhook is genuine, and if not, which step fails.

    FILE is a bare body, or an .http file with headers, a blank line and the body. The
    secrets are those of the endpoint in the settings. Nothing is stored or sent.
    """
    endpoints = wired_or_exit().endpoints
    if name not in endpoints:
        names = ", ".join(sorted(endpoints)) or "none"
        stop_wrong_use(f"no endpoint is named {name}; known: {names}")
    endpoint, now = endpoints[name], time_of(now_text)
    given = notice_in(file, endpoint.source_name, "", headers)
    notice, why = replace(given, received_at=now), ""
    try:
        verify_notice(endpoint, notice, now)
    except (Forged, Stale):
        why = why_refused(endpoint, endpoints.values(), notice, now)
    if as_json:
        print_json({"endpoint": name, "is_genuine": not why, "why": why})
    else:
        click.echo(f"not genuine: {why}" if why else "genuine")
    if why:
        raise SystemExit(BAD_NEWS)
