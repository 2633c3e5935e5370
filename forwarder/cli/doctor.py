"""`forwarder doctor`: check everything, and say how to mend what is wrong."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime

import click

from config.settings import UnusableSettings, load
from forwarder.cli.checkup.finding import Finding, red, warn
from forwarder.cli.checkup.of_places import (
    check_database_clock,
    check_endpoints,
    check_platform,
)
from forwarder.cli.checkup.of_reports import check_reports
from forwarder.cli.checkup.of_settings import (
    check_address,
    check_people,
    check_settings,
)
from forwarder.cli.checkup.of_store import Hopeless, check_store
from forwarder.cli.checkup.of_work import (
    check_alerts,
    check_broker,
    check_clicks,
    check_work,
)
from forwarder.cli.common import (
    BAD_NEWS,
    WRONG_USE,
    json_option,
    print_json,
    wired_or_exit,
)
from forwarder.sources import SOURCES
from forwarder.store.seal import BadKey
from forwarder.store.writer import StoreDown, StoreUnfit
from forwarder.wiring import Wired


@click.command()
@json_option
def doctor(*, as_json: bool) -> None:
    """Check settings, keys, database, broker, worker, clock, token and endpoints.

    Every finding that is not `ok` says what mends it. Exit codes: 0 nothing is red, 1
    something is, 2 the settings can not be used.
    """
    if as_json:
        _stop_if_unusable()
    wired = wired_or_exit()
    try:
        findings = list(examine(wired))
    finally:
        wired.store.close()
    if as_json:
        _print(findings)
    else:
        for one in findings:
            click.echo(f"{one.verdict:<5}{one.check:<14}{one.seen}")
            if one.mend:
                click.echo(f"{'':<19}-> {one.mend}")
    if any(one.verdict == "red" for one in findings):
        raise SystemExit(BAD_NEWS)


def _stop_if_unusable() -> None:
    """Print the faults of the settings as findings and exit with 2, if there are."""
    try:
        load(os.environ, sources=SOURCES)
    except (UnusableSettings, BadKey) as unusable:
        mend = "mend each line; docs/settings.md explains every key"
        _print([red("settings", fault, mend) for fault in str(unusable).splitlines()])
        raise SystemExit(WRONG_USE) from None


def _print(findings: Iterable[Finding]) -> None:
    print_json({"findings": [asdict(one) for one in findings]})


def examine(wired: Wired) -> Iterator[Finding]:
    """Give one finding per check; the database comes first, the rest needs it."""
    yield from check_settings(wired.settings)
    if wired.is_sandbox:
        seen = "it runs: nothing reaches Pinterest"
        yield warn("sandbox", seen, "`forwarder serve` without --sandbox sends")
    try:
        yield from check_store(wired)
        yield from check_broker(wired)
        yield from check_work(wired)
        yield from check_clicks(wired)
        yield from check_alerts(wired)
        yield from check_people(wired)
        yield from check_platform(wired)
        yield from check_database_clock(wired)
        yield from check_endpoints(wired)
        yield from check_reports(wired)
    except Hopeless:
        return
    except StoreUnfit as unfit:
        seen, _, mend = str(unfit).partition(": ")
        yield red("database", seen, mend)
    except StoreDown as error:
        mend = "check service.database_url, the server and its disk"
        yield red("database", f"it stopped answering ({error})", mend)
    yield from check_address(wired, datetime.now(UTC))  # noqa: TID251  a door
