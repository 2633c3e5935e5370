"""`forwarder demo`: a month of webhooks through the whole product, on this machine."""

import base64
import csv
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import click
import orjson
import requests

from config.settings import load
from forwarder.cli.common import BAD_NEWS
from forwarder.cli.demo_board import write_board
from forwarder.cli.demo_clicks import SHOP_HOST
from forwarder.cli.demo_counts import counted, faults_of, wait_until_quiet
from forwarder.cli.demo_month import ENDPOINTS, Post, play
from forwarder.cli.demo_report import keep_for_the_end, lines_of, write_reports
from forwarder.cli.locks import free_port
from forwarder.cli.trigger import post
from forwarder.core.cells import no_formula
from forwarder.core.delivery import NoticeStatus
from forwarder.samples import TEST_SECRETS
from forwarder.sources import SOURCES
from forwarder.store import access, log, notice_log
from forwarder.store.access import User
from forwarder.store.log import Filter
from forwarder.wiring import Wired, wire

HOST = "127.0.0.1"
AGE_MAX_H = 24 * 70  # the whole of last month goes out at once
THREADS = 4
TERMINATED = 143  # 128 + SIGTERM, after everything was stopped in order
READY_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What runs while the demo plays."""

    folder: Path
    url: str
    sandbox_url: str
    wired: Wired


@click.command()
@click.option("--webhooks", "n_webhooks", default=2_400, show_default=True,
              type=click.IntRange(50, 100_000), help="How many to post.")  # fmt: skip
@click.option("--out", default="demo-output", show_default=True,
              type=click.Path(file_okay=False, path_type=Path))  # fmt: skip
@click.option("--keep", is_flag=True, help="Leave the console running until Ctrl-C.")
def demo(n_webhooks: int, out: Path, *, keep: bool) -> None:
    """Play a month: signed webhooks in, hashed events out, a log and the gap report.

    Nothing leaves this machine: a strict fake Pinterest stands in for the real one.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    started_s = time.monotonic()
    now = datetime.now(UTC)  # noqa: TID251  a door
    month = (now.replace(day=1) - timedelta(days=1)).date().replace(day=1)
    with tempfile.TemporaryDirectory(prefix="forwarder-demo-") as folder:
        with _stage(Path(folder)) as stage:
            keep_for_the_end(stage.wired.store, now)
            summary = _play(stage, month, n_webhooks, now)
            summary |= counted(stage.wired.store)
            summary["sandbox_unique"] = _unique(stage)
            summary["seconds"] = round(time.monotonic() - started_s, 1)
            faults = write_reports(stage.wired, month, out)
            faults += write_board(stage.wired, now, out)
            _write(stage, summary, out)
            _tell(stage, summary, out)
            if keep:
                _keep(stage, now)
        (out / "service.log").write_bytes((Path(folder) / "service.log").read_bytes())
    faults += faults_of(summary)
    for fault in faults:
        click.echo(f"the counts do not add up: {fault}", err=True)
    if faults:
        raise SystemExit(BAD_NEWS)


@contextmanager
def _stage(folder: Path) -> Iterator[Stage]:
    """Start the sandbox and the service on free ports; stop both at the end."""
    sandbox_port, port = free_port(HOST), free_port(HOST)
    config = folder / "forwarder.toml"
    config.write_text(settings_text(port, sandbox_port), encoding="utf-8")
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    (folder / ".env").touch(mode=0o600)
    (folder / ".env").write_text(f"FORWARDER_DATA_KEY={key}\n", encoding="utf-8")
    env = {k: v for k, v in os.environ.items() if not k.startswith("FORWARDER_")}
    env["FORWARDER_CONFIG"] = str(config)
    with (folder / "service.log").open("wb") as service_log:
        processes = [
            _start(env, service_log, *arguments)
            for arguments in (
                ("sandbox", f"--port={sandbox_port}", f"--max-event-age-h={AGE_MAX_H}"),
                ("serve", f"--port={port}"),
            )
        ]
        try:
            wired = wire(load(env, sources=SOURCES), "worker")
            stage = Stage(
                folder=folder,
                url=f"http://{HOST}:{port}",
                sandbox_url=f"http://{HOST}:{sandbox_port}",
                wired=wired,
            )
            _wait_until_ready(stage, processes)
            yield stage
            wired.store.close()
        finally:
            for process in reversed(processes):
                process.send_signal(signal.SIGTERM)
            for process in reversed(processes):
                process.wait(timeout=40)


def _start(
    env: dict[str, str], log_file: IO[bytes], *arguments: str
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  our own interpreter
        [sys.executable, "-P", "-m", "forwarder", *arguments],
        env=env,
        stdout=log_file,
        stderr=log_file,
        start_new_session=True,  # Ctrl-C is for the demo, which stops them in order
    )


def settings_text(port: int, sandbox_port: int) -> str:
    """Return the settings of the demo, secrets and all: they open nothing real."""
    head = (
        f'[service]\npublic_url = "http://{HOST}:{port}"\n'
        'database_url = "sqlite:///forwarder.db"\ndata_dir = "var"\n'
        '[destinations.main]\nplatform = "pinterest"\n'
        'ad_account_id = "549755885175"\ntoken = "demo"\n'
        f'base_url = "http://{HOST}:{sandbox_port}/v5"\n'
        f"drop_reserved_domains = false\nmax_event_age_h = {AGE_MAX_H}\n"
        f'[clicks]\nallowed_hosts = ["{SHOP_HOST}"]\n'
        "audit_every_days = 0\n"  # no such shop is there
    )
    tables = [
        f'[endpoints.{endpoint}]\nsource = "{source}"\ndestination = "main"\n'
        f'secrets = ["{TEST_SECRETS[source]}"]\n'
        for endpoint, source in ENDPOINTS.items()
    ]
    return head + "".join(tables)


def _wait_until_ready(stage: Stage, processes: list[subprocess.Popen[bytes]]) -> None:
    until_s = time.monotonic() + READY_S
    while time.monotonic() < until_s:
        if any(process.poll() is not None for process in processes):
            break
        try:
            requests.get(f"{stage.sandbox_url}/_sandbox/ledger?events=0", timeout=1)
            if requests.get(f"{stage.url}/readyz", timeout=1).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    text = (stage.folder / "service.log").read_text(errors="replace")
    raise click.ClickException(f"the service did not start:\n{text[-2000:]}")


def _play(stage: Stage, month: date, n_webhooks: int, now: datetime) -> dict[str, Any]:
    """Post the month from several threads; return how it was answered, all settled."""
    click.echo(f"posting {n_webhooks:,} webhooks of {month:%B %Y} …")
    sessions = threading.local()

    def send(one: Post) -> int:
        if not hasattr(sessions, "value"):
            sessions.value = requests.Session()
        url = f"{stage.url}/hooks/{one.endpoint}"
        return post(url, one.notice, sessions.value).status_code

    posts = list(play(month, n_webhooks, now))
    answers: Counter[int] = Counter()
    # What is taken back before it was sent is not sent: chance would decide.
    for are_returns in (False, True):
        part = [post for post in posts if post.is_return is are_returns]
        with ThreadPoolExecutor(THREADS) as pool:
            answers.update(pool.map(send, part))
        wait_until_quiet(stage.wired.store)
    return {
        "requests": answers.total(),
        "forged": answers[400] + answers[401],
        "notices": answers[200],
    }


def _unique(stage: Stage) -> int:
    """Return how many events the sandbox counted for itself."""
    ledger = requests.get(
        f"{stage.sandbox_url}/_sandbox/ledger", params={"events": "0"}, timeout=10
    )
    return int(ledger.json()["unique"])


def _write(stage: Stage, summary: dict[str, Any], out: Path) -> None:
    (out / "summary.json").write_bytes(
        orjson.dumps(summary, option=orjson.OPT_INDENT_2)
    )
    with (out / "deliveries.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for line in lines_of(stage.wired):
            writer.writerow([_cell(getattr(line, name)) for name in COLUMNS])


def _cell(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula: ids come from outside."""
    return no_formula("" if value is None else str(value))


COLUMNS = (
    "event_id", "kind", "source", "endpoint", "destination", "status", "reason",
    "order_id", "occurred_at", "received_at", "attempts", "settled_at",
)  # fmt: skip


def _tell(stage: Stage, summary: dict[str, Any], out: Path) -> None:
    """Print where every webhook went, with a few lines of the log."""
    store = stage.wired.store
    click.echo("the latest deliveries:")
    for line in log.list_deliveries(store, Filter(), 6).lines:
        why = f" ({line.reason})" if line.reason else ""
        click.echo(f"  {line.status.value + why:<26}{line.kind:<10}{line.event_id}")
    click.echo("quarantined, and why:")
    for held in notice_log.list_notices(store, NoticeStatus.QUARANTINED, 3):
        click.echo(f"  {held.endpoint}: {held.reason}")
    click.echo("")
    for name, value in summary.items():
        click.echo(f"  {name:<15}{value:>8}")
    click.echo("  (the console counts a webhook that came more than once as one)")
    click.echo(f"\nwritten to {out}/")


def _keep(stage: Stage, now: datetime) -> None:
    password = secrets.token_urlsafe(12)
    user = User(name="demo", role="operator", created_at=now)
    access.add_user(stage.wired.store, user, password)
    click.echo(f"console: {stage.url}/console/  user demo, password {password}")
    click.echo("Ctrl-C ends it")
    try:
        signal.pause()
    except KeyboardInterrupt:
        click.echo("stopping")
