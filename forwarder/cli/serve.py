"""`forwarder serve`: one box, one command, two children under a small supervisor."""

import os
import sys

import click

from config.settings import SANDBOX_FILE, SANDBOX_URL, UnusableSettings, load
from forwarder.cli.locks import Busy, check_port, free_port, hold
from forwarder.cli.supervisor import Child, supervise
from forwarder.cli.working import BEAT_INSIDE, WORKER

WRONG_USE = 2
NOTE_FILE = "watchdog.txt"  # workers.pulse reads it at the next start
SANDBOX_HOST = "127.0.0.1"  # its ledger is for nobody else


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--sandbox",
    "has_sandbox",
    is_flag=True,
    help="Start the fake Pinterest too, and send to it instead.",
)
def serve(host: str, port: int, *, has_sandbox: bool) -> None:
    """Run everything on this box: web, worker and beat, without a broker to install."""
    try:
        service = load(os.environ).service
    except UnusableSettings as unusable:
        click.echo(str(unusable), err=True)
        raise SystemExit(WRONG_USE) from None
    port = port or free_port(host)
    try:
        lock = hold(service.data_dir / "serve.lock", f"the folder {service.data_dir}")
        check_port(host, port)
    except Busy as busy:
        click.echo(str(busy), err=True)
        raise SystemExit(WRONG_USE) from None
    env = dict(os.environ)
    children = []
    told = service.data_dir / SANDBOX_FILE  # for the commands of a second terminal
    told.unlink(missing_ok=True)
    if has_sandbox:
        sandbox_port = free_port(SANDBOX_HOST)
        env[SANDBOX_URL] = f"http://{SANDBOX_HOST}:{sandbox_port}/v5"
        told.write_text(env[SANDBOX_URL], encoding="utf-8")
        children.append(_child("sandbox", env, f"--port={sandbox_port}"))
    children.append(_child("web", env, f"--host={host}", f"--port={port}"))
    children.append(
        Child(
            name="worker",
            command=WORKER,
            env={**env, BEAT_INSIDE: "1"},
            beats=True,
            note_file=service.data_dir / NOTE_FILE,
        )
    )
    _greet(host, port, env.get(SANDBOX_URL))
    with lock:
        supervise(children)
        told.unlink(missing_ok=True)


def _child(role: str, env: dict[str, str], *options: str) -> Child:
    return Child(
        name=role, command=(sys.executable, "-m", "forwarder", role, *options), env=env
    )


def _greet(host: str, port: int, sandbox_url: str | None) -> None:
    click.echo(f"webhooks: http://{host}:{port}/hooks/<endpoint>")
    click.echo(f"console:  http://{host}:{port}/console/")
    if sandbox_url is not None:
        click.echo(f"sandbox:  {sandbox_url} (nothing reaches Pinterest)")
