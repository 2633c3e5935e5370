"""The web role as a real process under its own server."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from forwarder.samples import TEST_SECRETS
from tests.servers import free_port, stop, wait_until_open
from tests.web.console_desk import DATA_KEY

SETTINGS = """
[service]
data_keys = ["{key}"]
{more}
[destinations.main]
platform = "pinterest"
ad_account_id = "549755885175"
token = "no-token"
base_url = "http://127.0.0.1:9/v5"
[endpoints.my-shop]
source = "shopify"
secrets = ["{secret}"]
destination = "main"
[endpoints.news]
source = "mailchimp"
secrets = ["{path_secret}"]
destination = "main"
"""


@dataclass(frozen=True)
class Served:
    """Where it listens, and what it logged so far."""

    port: int
    pid: int
    log: Path


@contextmanager
def serving(folder: Path, more: str = "") -> Iterator[Served]:
    """Start it; `more` are lines of its [service] settings."""
    file = folder / "forwarder.toml"
    text = SETTINGS.format(
        key=DATA_KEY,
        more=more,
        secret=TEST_SECRETS["shopify"],
        path_secret=TEST_SECRETS["mailchimp"],
    )
    file.write_text(text)
    port = free_port()
    log = folder / "web.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  our own interpreter
            [sys.executable, "-m", "forwarder", "web", f"--port={port}"],
            env={**os.environ, "FORWARDER_CONFIG": str(file)},
            stderr=output,
            stdout=output,
            start_new_session=True,
        )
    try:
        wait_until_open(port, process)
        yield Served(port, process.pid, log)
    finally:
        stop(process)
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            process.wait()
