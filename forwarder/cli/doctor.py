"""`forwarder doctor`: check everything, and say how to mend what is wrong."""

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import click
import requests

from forwarder.broker import folders, is_one_box
from forwarder.cli.common import BAD_NEWS, json_option, print_json, wired_or_exit
from forwarder.pipeline.progress import progress
from forwarder.store import health, log
from forwarder.store.checks import commits_per_s, has_wal_reset_bug
from forwarder.store.engine import SQLITE_VERSION
from forwarder.store.migrate import NEWEST, current_version
from forwarder.store.writer import StoreDown
from forwarder.web.words import reason_remedy
from forwarder.wiring import Wired

DISK_FREE_MIN_SHARE = 0.05
CLOCK_SKEW_MAX_S = 120
TIMEOUT_S = (3, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: its verdict, what was seen, and how to mend it."""

    check: str
    verdict: Literal["ok", "warn", "red"]
    seen: str
    mend: str = ""


@click.command()
@json_option
def doctor(*, as_json: bool) -> None:
    """Check settings, keys, database, broker, worker, clock, token and endpoints."""
    wired = wired_or_exit()
    findings = list(examine(wired))
    if as_json:
        print_json({"findings": [asdict(one) for one in findings]})
    else:
        for one in findings:
            click.echo(f"{one.verdict:<5}{one.check:<14}{one.seen}")
            if one.mend:
                click.echo(f"{'':<19}-> {one.mend}")
    if any(one.verdict == "red" for one in findings):
        raise SystemExit(BAD_NEWS)


def examine(wired: Wired) -> Iterator[Finding]:
    """Give one finding per check; the database comes first, the rest needs it."""
    yield Finding(check="settings", verdict="ok", seen="read without faults")
    for doubt in wired.settings.doubts:
        yield Finding(check="settings", verdict="warn", seen=doubt)
    try:
        version = current_version(wired.store)
        if version != NEWEST:
            yield _outdated(version)
            return
        yield from _database(wired)
    except StoreDown as error:
        yield Finding(
            check="database",
            verdict="red",
            seen=f"no answer ({error})",
            mend="check service.database_url and that the server runs",
        )
        return
    yield from _broker(wired)
    yield from _work(wired)
    yield from _platform(wired)
    yield from _endpoints(wired)


def _outdated(version: str | None) -> Finding:
    return Finding(
        check="database",
        verdict="red",
        seen=f"its tables are of version {version}, not {NEWEST}",
        mend="run `forwarder db upgrade`",
    )


def _database(wired: Wired) -> Iterator[Finding]:
    store = wired.store
    rate = commits_per_s(store)
    yield Finding(
        check="database",
        verdict="ok",
        seen=f"version {NEWEST}, {rate:,.0f} empty commits a second",
    )
    if store.is_sqlite:
        yield from _sqlite(wired)


def _sqlite(wired: Wired) -> Iterator[Finding]:
    if has_wal_reset_bug(SQLITE_VERSION):
        yield Finding(
            check="database",
            verdict="warn",
            seen=f"SQLite {SQLITE_VERSION} may lose commits when two processes write",
            mend="install the pysqlite3 package, or use PostgreSQL",
        )
    folder = wired.settings.service.data_dir
    disk = shutil.disk_usage(folder if folder.exists() else folder.parent)
    share = disk.free / disk.total
    yield Finding(
        check="disk",
        verdict="ok" if share > DISK_FREE_MIN_SHARE else "red",
        seen=f"{share:.0%} free",
        mend="" if share > DISK_FREE_MIN_SHARE else "make room: ingest answers 503",
    )


def _broker(wired: Wired) -> Iterator[Finding]:
    service = wired.settings.service
    if is_one_box(service.broker_url):
        n_waiting = sum(1 for _ in folders(service.data_dir)[0].glob("*.msg"))
        yield Finding(
            check="broker", verdict="ok", seen=f"a folder, {n_waiting} wake-ups in it"
        )
        return
    from forwarder.nudge import fault_of_broker  # noqa: PLC0415  imports Celery

    fault = fault_of_broker(service.broker_url)
    yield Finding(
        check="broker",
        verdict="red" if fault else "ok",
        seen=f"no answer ({fault})" if fault else "answers",
        mend="start it; until then a worker looks for work every 5 s only"
        if fault
        else "",
    )


def _work(wired: Wired) -> Iterator[Finding]:
    state = progress(wired.store, wired.store.now())
    seen = f"{state.n_pending} deliveries wait"
    if not state.troubles:
        yield Finding(check="worker", verdict="ok", seen=seen)
    for trouble in state.troubles:
        what, _, mend = trouble.partition(": ")
        if not what.startswith("destination "):  # told below, with its own mend
            yield Finding(check="worker", verdict="red", seen=what, mend=mend)


def _platform(wired: Wired) -> Iterator[Finding]:
    """Call the platform in test mode, which checks the token and records nothing."""
    for name, found in wired.settings.destinations.items():
        if found.token.startswith(PLACEHOLDER):
            seen = "the token in .env is still the placeholder"
            yield Finding(check=name, verdict="red", seen=seen, mend=MENDS[401])
            continue
        url = f"{found.base_url}/ad_accounts/{found.ad_account_id}/events"
        try:
            reply = requests.post(
                url,
                params={"test": "true"},
                json={"data": []},
                headers={"Authorization": f"Bearer {found.token}"},
                timeout=TIMEOUT_S,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            yield Finding(
                check=name,
                verdict="red",
                seen=f"no answer from the platform ({type(error).__name__})",
                mend="check destinations.base_url and this machine's network",
            )
            continue
        yield from _token(name, reply)
        yield from _clock(reply)


PLACEHOLDER = "put-the-"  # what `init` writes
LET_IN = frozenset({400, 422})
MENDS = {
    401: "make a new token in Ads Manager > Conversions and put it into .env",
    403: "give the token's owner a role in this ad account",
    404: "check destinations.ad_account_id",
}


def _token(name: str, reply: requests.Response) -> Iterator[Finding]:
    """Judge the token; an empty batch is refused by its contents, not by its sender."""
    status = reply.status_code
    if reply.ok or status in LET_IN:
        yield Finding(check=name, verdict="ok", seen="the token is good")
    elif status in MENDS:
        mend = MENDS[status]
        yield Finding(check=name, verdict="red", seen=f"HTTP {status}", mend=mend)
    else:
        mend = "the token could not be checked: try again later"
        yield Finding(check=name, verdict="warn", seen=f"HTTP {status}", mend=mend)


def _clock(reply: requests.Response) -> Iterator[Finding]:
    text = reply.headers.get("Date", "")
    try:
        theirs = datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT").replace(
            tzinfo=UTC
        )
    except ValueError:
        return
    skew = abs(datetime.now(UTC) - theirs)  # noqa: TID251  a door
    is_off = skew > timedelta(seconds=CLOCK_SKEW_MAX_S)
    yield Finding(
        check="clock",
        verdict="red" if is_off else "ok",
        seen=f"{skew.total_seconds():.0f} s from the platform's",
        mend="let NTP set the clock" if is_off else "",
    )


def _endpoints(wired: Wired) -> Iterator[Finding]:
    last = log.last_notices(wired.store)
    for name in wired.endpoints:
        if name in last:
            seen = f"last webhook {last[name]:%Y-%m-%d %H:%M}Z"
            yield Finding(check=name, verdict="ok", seen=seen)
        else:
            mend = f"see docs/sources/ on how to connect {name}"
            seen = "no webhook yet"
            yield Finding(check=name, verdict="warn", seen=seen, mend=mend)
    for blocked in health.all_health(wired.store):
        if blocked.state == health.BLOCKED:
            yield Finding(
                check=blocked.name,
                verdict="red",
                seen=f"blocked since {blocked.since:%Y-%m-%d}: {blocked.message}",
                mend=reason_remedy(blocked.reason),
            )
