"""`forwarder worker` and `forwarder beat`: doors that lead to the package of workers.

Nothing is read or checked here: that process reads the settings itself, and says what
is wrong with them.
"""

import os
import sys

import click

BEAT_INSIDE = "FORWARDER_BEAT"  # workers.threads looks for it
WORKER = (sys.executable, "-m", "workers", "worker")
BEAT = (sys.executable, "-m", "workers", "beat")


@click.command()
@click.option("--beat", "has_beat", is_flag=True, help="Run the beat inside.")
def worker(*, has_beat: bool) -> None:
    """Run the worker role: hash the identifiers and forward the events."""
    if has_beat:
        os.environ[BEAT_INSIDE] = "1"  # a thread; Celery's own is a process
    os.execv(sys.executable, WORKER)  # noqa: S606  our own words


@click.command()
def beat() -> None:
    """Run the beat role: the periodic wake-ups. One is enough; more do no harm."""
    os.execv(sys.executable, BEAT)  # noqa: S606  our own words
