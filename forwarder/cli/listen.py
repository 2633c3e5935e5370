"""`forwarder listen`: wait for the first genuine webhook; explain a wrong one."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import click

from config.settings import needs_path_secret
from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
)
from forwarder.core.delivery import NoticeStatus
from forwarder.store import log, notice_log
from forwarder.store.log import Filter, Line
from forwarder.store.notice_log import NoticeLine
from forwarder.web.refused import last_refused
from forwarder.web.words import NOTICES, explain_reason
from forwarder.wiring import Wired

EVERY_S = 0.5
NEWEST = 200


@click.command()
@click.option("--endpoint", "name", required=True, help="The name of an address.")
@click.option(
    "--timeout",
    "timeout_s",
    default=600,
    show_default=True,
    help="Seconds to wait.",
)
@json_option
def listen(name: str, timeout_s: int, *, as_json: bool) -> None:
    """Wait for the next genuine webhook of an endpoint, and explain wrong ones.

    `forwarder serve` must be running. Send a test from the platform meanwhile.
    """
    wired = ready_or_exit()
    if name not in wired.endpoints:
        names = ", ".join(sorted(wired.endpoints)) or "none"
        stop_wrong_use(f"no endpoint is named {name}; known: {names}")
    click.echo(f"waiting for a webhook at {_address(wired, name)}", err=True)
    found = _wait(wired, name, timeout_s)
    if found is None:
        click.echo(
            f"nothing genuine came within {timeout_s} s: is `forwarder serve` running, "
            "and does the platform call this address?",
            err=True,
        )
        raise SystemExit(BAD_NEWS)
    lines = _lines(wired, found)
    if as_json:
        print_json(_json(found, lines))
    else:
        _tell(found, lines)
    if found.status is NoticeStatus.QUARANTINED:
        raise SystemExit(BAD_NEWS)


def _address(wired: Wired, name: str) -> str:
    """Return the address without its secret, which belongs on no screen."""
    is_secret = needs_path_secret(wired.settings.endpoints[name])
    url = f"{wired.settings.service.public_url}/hooks/{name}"
    return f"{url}/<secret>" if is_secret else url


def _wait(wired: Wired, name: str, timeout_s: int) -> NoticeLine | None:
    """Return the first webhook from now on; tell of those turned away meanwhile."""
    until = time.monotonic() + timeout_s
    known = _newest(wired, name)
    told_at = wired.store.now() - timedelta(seconds=EVERY_S)
    while True:
        told_at = _tell_refused(wired, name, told_at)
        found = _newest(wired, name)
        if found is not None and _is_new(found, known):
            return found
        if time.monotonic() >= until:
            return None
        time.sleep(EVERY_S)


def _is_new(found: NoticeLine, known: NoticeLine | None) -> bool:
    """Tell whether something came: a new webhook, or one that is known once more."""
    if known is None or found.id > known.id:
        return True
    return found.n_duplicates > known.n_duplicates


def _newest(wired: Wired, name: str) -> NoticeLine | None:
    notices = notice_log.list_notices(wired.store, None, NEWEST)
    return next((one for one in notices if one.endpoint == name), None)


def _tell_refused(wired: Wired, name: str, since: datetime) -> datetime:
    refused = last_refused(wired.settings.service.data_dir, name)
    if refused is None or refused.at <= since:
        return since
    click.echo(f"turned away: {refused.why}", err=True)
    return refused.at


def _lines(wired: Wired, found: NoticeLine) -> Sequence[Line]:
    wanted = replace(Filter(), endpoint=found.endpoint)
    page = log.list_deliveries(wired.store, wanted, NEWEST)
    return [line for line in page.lines if line.received_at == found.received_at]


def _tell(found: NoticeLine, lines: Sequence[Line]) -> None:
    why = f" ({found.reason})" if found.reason else ""
    click.echo(f"webhook {found.id}: {NOTICES[found.status]}{why}")
    for line in lines:
        click.echo(f"  {line.kind}  {line.event_id}  {line.status.value}")
        if line.reason:
            click.echo(f"    {explain_reason(line.reason)}")


def _json(found: NoticeLine, lines: Sequence[Line]) -> dict[str, Any]:
    return {
        "notice": found.id,
        "status": found.status.value,
        "reason": found.reason,
        "events": [
            {
                "event_id": line.event_id,
                "kind": line.kind,
                "status": line.status.value,
                "reason": line.reason,
            }
            for line in lines
        ],
    }
