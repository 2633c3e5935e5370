"""`forwarder web` and `forwarder sandbox`: what listens, in a process of its own."""

from contextlib import nullcontext
from pathlib import Path
from typing import IO, Literal, cast

import click

from forwarder.cli.locks import Busy, hold
from forwarder.cli.start import settings_or_exit, stop_wrong_use

BACKLOG = 1_024
HEADERS_WITHIN_MS = 10_000
HEADERS_MAX_BYTES = 64 * 1024


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--workers",
    "n_workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Processes; more than one needs PostgreSQL.",
)
def web(host: str, port: int, n_workers: int) -> None:
    """Run the web role: webhooks, API and console."""
    from granian import Granian  # noqa: PLC0415  not for the other roles
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.http import HTTP1Settings  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415

    from forwarder.web.slow import READERS_MAX  # noqa: PLC0415

    service = settings_or_exit().service
    lock = None
    if service.database_url.startswith("sqlite"):
        lock = _only_writer(service.database_url, n_workers)
    server = Granian(
        "forwarder.app:create_app",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=n_workers,
        blocking_threads=READERS_MAX,  # `web_threads` of them work at once
        http1_settings=HTTP1Settings(
            header_read_timeout=HEADERS_WITHIN_MS, max_buffer_size=HEADERS_MAX_BYTES
        ),
        backlog=BACKLOG,
        log_access=False,  # addresses may hold secrets
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    )
    with lock or nullcontext():
        server.serve()


def _only_writer(database_url: str, n_workers: int) -> IO[str]:
    """Return the lock on a SQLite file; exit with 2 when somebody else writes there."""
    if n_workers > 1:
        stop_wrong_use(
            "SQLite takes one web process: several starve one another. "
            "Use --workers 1, or PostgreSQL."
        )
    file = Path(database_url.removeprefix("sqlite:///"))
    try:
        return hold(file.with_name(f"{file.name}.web-lock"), f"the database {file}")
    except Busy as busy:
        stop_wrong_use(str(busy))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--spec",
    type=click.Choice(["current", "5.23"]),
    default="current",
    show_default=True,
    help="Which version of Pinterest's description to be strict about.",
)
@click.option(
    "--partial",
    "partial_status",
    type=click.Choice(["422", "200"]),
    default="422",
    show_default=True,
    help="The HTTP status of a batch in which some events failed.",
)
@click.option(
    "--max-event-age-h", default=168, show_default=True, type=click.IntRange(1)
)
def sandbox(
    host: str, port: int, spec: str, partial_status: str, max_event_age_h: int
) -> None:
    """Run the strict fake Pinterest.

    Send to http://HOST:PORT/v5; see what arrived at /_sandbox/ledger.
    """
    from forwarder.sandbox import SandboxOptions, serve_sandbox  # noqa: PLC0415

    options = SandboxOptions(
        spec=cast("Literal['current', '5.23']", spec),
        partial_status=422 if partial_status == "422" else 200,
        max_event_age_s=max_event_age_h * 3600,
    )
    serve_sandbox(options, host, port)
