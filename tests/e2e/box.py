"""A whole installation in a temporary folder, run as real processes.

Its destination is the sandbox on a loopback port, always: nothing here may ever call
the real platform.
"""

import base64
import json
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import Any, Self

import psutil
import requests

from config.settings import load
from forwarder.samples import TEST_SECRETS
from forwarder.store import Store, health, log
from forwarder.store.log import Filter
from forwarder.store.migrate import upgrade
from forwarder.wiring import wire
from tests.e2e.processes import Running, is_open, wait_until
from tests.servers import free_port

READY_WITHIN_S = 40.0
CLEAR_WITHIN_S = 3.0
OURS = ("FORWARDER_", "PINTEREST_", "SENTRY_")


@dataclass(repr=False)
class Box:
    """One installation. Leaving its block ends every process it ever started.

    Without `broker_url` it is one box: SQLite and wake-ups through a folder.
    """

    folder: Path
    database_url: str = "sqlite:///var/forwarder.db"
    broker_url: str = ""
    log_level: str = "info"
    token: str = "pina_EXAMPLE1"
    port: int = field(default_factory=free_port)
    sandbox_port: int = field(default_factory=free_port)
    platform_port: int | None = None  # None: straight to the sandbox
    own_env: dict[str, str] = field(default_factory=dict)
    running: list[Running] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.data_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        self.write_settings()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self.running:
            one.ask_to_end()
        until_s = monotonic() + CLEAR_WITHIN_S
        for one in self.running:
            one.clear(until_s)
        if "store" in self.__dict__:
            self.store.close()

    def write_settings(self) -> None:
        """Write forwarder.toml and .env as they stand in the fields now."""
        service = {
            "database_url": self.database_url,
            "broker_url": self.broker_url,
            "log_level": self.log_level,
            "public_url": f"http://127.0.0.1:{self.port}",
        }
        lines = ["[service]", *_toml(service), "[destinations.main]"]
        lines += _toml(
            {
                "platform": "pinterest",
                "ad_account_id": "549755885175",
                "token": "env:PINTEREST_TOKEN",
                "base_url": f"http://127.0.0.1:{self._platform_port}/v5",
            }
        )
        lines += ["drop_reserved_domains = false"]
        for source in TEST_SECRETS:
            lines += [f"[endpoints.my-{source.replace('_', '-')}]"]
            lines += [f'source = "{source}"', 'destination = "main"']
            lines += [f'secrets = ["env:{source.upper()}_SECRET"]']
        (self.folder / "forwarder.toml").write_text("\n".join(lines) + "\n")
        secrets_file = self.folder / ".env"
        secrets_file.write_text("\n".join(self._dotenv()) + "\n")
        secrets_file.chmod(0o600)

    @property
    def _platform_port(self) -> int:
        return self.sandbox_port if self.platform_port is None else self.platform_port

    def _dotenv(self) -> Iterator[str]:
        yield f"FORWARDER_DATA_KEY={self.data_key}"
        yield f"PINTEREST_TOKEN={self.token}"
        for source, secret in TEST_SECRETS.items():
            yield f"{source.upper()}_SECRET='{secret}'"

    @property
    def env(self) -> dict[str, str]:
        """Return the environment of our processes: the settings are in the folder."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        settings = {"FORWARDER_CONFIG": str(self.folder / "forwarder.toml")}
        return {**kept, **settings, **self.own_env}

    # Processes

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "forwarder", *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(  # noqa: S603 - our own words
            self.command(*words),
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, role: str, *options: str) -> Running:
        """Start a role; its output goes into a file of its own."""
        file = self.folder / f"{len(self.running):02d}-{role}.log"
        with file.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own words
                self.command(role, *options),
                cwd=self.folder,
                env=self.env,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.running.append(Running(role, process, file))
        return self.running[-1]

    def start_sandbox(self) -> Running:
        sandbox = self.start("sandbox", f"--port={self.sandbox_port}")
        self.wait_for(sandbox, lambda: is_open(self.sandbox_port))
        return sandbox

    def start_web(self) -> Running:
        web = self.start("web", f"--port={self.port}")
        self.wait_for(web, self.answers)
        return web

    def start_worker(self, *options: str) -> Running:
        """Start a worker, return once it took its first look at the queue."""
        worker = self.start("worker", *options)
        self.wait_for(worker, lambda: self.is_at_work(worker.pid))
        return worker

    def start_serve(self, *options: str) -> Running:
        serve = self.start("serve", f"--port={self.port}", *options)
        self.wait_for(serve, self.is_ready)
        return serve

    def start_all(self) -> None:
        """Start the sandbox and then one box, or the three roles of many boxes."""
        self.upgrade()
        sandbox = self.start("sandbox", f"--port={self.sandbox_port}")
        roles = ["web", "worker", "beat"] if self.broker_url else ["serve"]
        for role in roles:
            port = [f"--port={self.port}"] if role in {"web", "serve"} else []
            self.start(role, *port)
        self.wait_for(sandbox, lambda: is_open(self.sandbox_port))
        self.wait_for(self.the(roles[0]), self.is_ready)

    def kill(self, role: str) -> int:
        """Kill the web or the worker as a crash does; return what its number was.

        Under `serve` it comes back by itself, else it is started again here.
        """
        if not self.broker_url:
            old = self.child(role)
            old.kill()
            wait_until(f"another {role}", lambda: self._has_fresh(role, old), 60)
            return old.pid
        running = self.the(role)
        running.kill()
        for one in running.left():  # what a crashed master leaves behind
            one.kill()
        self.start(role, *([f"--port={self.port}"] if role == "web" else []))
        return running.pid

    def child(self, role: str) -> psutil.Process:
        """Return the child of `serve` that plays this role."""
        serve = self.the("serve")
        serve.look()
        found = psutil.Process(serve.pid).children()
        return next(one for one in found if role in one.cmdline())

    def _has_fresh(self, role: str, old: psutil.Process) -> bool:
        try:
            return self.child(role).pid != old.pid
        except (StopIteration, psutil.NoSuchProcess):
            return False

    def the(self, role: str) -> Running:
        """Return the latest process of this role."""
        return [one for one in self.running if one.name == role][-1]

    def upgrade(self) -> None:
        """Make the tables, as the release line does with `forwarder db upgrade`."""
        upgrade(self.store)

    def wait_for(self, one: Running, is_so: Callable[[], bool]) -> None:
        def is_so_or_over() -> bool:
            assert one.process.poll() is None, f"{one.name} ended at its start"
            return is_so()

        wait_until(f"{one.name} is ready", is_so_or_over, READY_WITHIN_S)

    def answers(self) -> bool:
        return self._get(f"{self.url}/healthz") == 200

    def is_ready(self) -> bool:
        return self._get(f"{self.url}/readyz") == 200

    @staticmethod
    def _get(url: str) -> int | None:
        with suppress(requests.RequestException):
            return requests.get(url, timeout=5).status_code
        return None

    def is_at_work(self, pid: int) -> bool:
        """Say whether this worker was seen since it was started."""
        return any(one.name == worker_name(pid) for one in self.workers())

    def workers(self) -> list[health.Worker]:
        return health.all_workers(self.store)

    # What came of it

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @cached_property
    def store(self) -> Store:
        """The same database, opened from outside as a worker does."""
        return wire(load(self.env), "worker").store

    def counts(self) -> dict[str, int]:
        """Return how many deliveries there are of each status."""
        return log.count_by_status(self.store, Filter())

    def lines(self) -> list[log.Line]:
        """Return the whole delivery log."""
        found: list[log.Line] = []
        wanted = Filter()
        while True:
            page = log.list_deliveries(self.store, wanted, 1000)
            found += page.lines
            if page.next_id is None:
                return found
            wanted = Filter(before_id=page.next_id)

    def is_drained(self) -> bool:
        return not health.backlogs(self.store)

    def wait_until_drained(self, within_s: float = 60.0) -> None:
        wait_until("everything is settled", self.is_drained, within_s, 0.1)

    def hurry(self) -> bool:
        """Let time pass; say whether everything is settled."""
        self.let_time_pass()
        return self.is_drained()

    def ledger(self, *, with_events: bool = False) -> dict[str, Any]:
        query = "" if with_events else "?events=0"
        return self._sandbox("GET", f"ledger{query}")

    def ledger_page(self, offset: int, limit: int) -> dict[str, Any]:
        return self._sandbox("GET", f"ledger?offset={offset}&limit={limit}")

    def order(self, *faults: Mapping[str, object]) -> None:
        """Order faults of the sandbox, consumed in this order."""
        self._sandbox("POST", "faults", faults)

    def clear_faults(self) -> None:
        self._sandbox("DELETE", "faults")

    def n_faults(self) -> int:
        return len(self._sandbox("GET", "faults")["pending"])

    def _sandbox(
        self, method: str, path: str, body: Sequence[object] | None = None
    ) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.sandbox_port}/_sandbox/{path}"
        reply = requests.request(method, url, json=body, timeout=30)

        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    # Time

    def let_time_pass(self) -> None:
        """Make what waits for its next attempt due, and end the platform's pauses."""
        with self.store.write() as connection:
            connection.exec_driver_sql(
                "UPDATE deliveries SET next_attempt_at = received_at "
                "WHERE status = 'pending' AND claim_id IS NULL"
            )
            connection.exec_driver_sql(
                "UPDATE destinations SET not_before = since "
                "WHERE state IN ('rate_limited', 'open')"
            )

    def let_leases_lapse(self, pid: int) -> int:
        """End the leases of a worker that is dead; return how many rows it held."""
        with self.store.write() as connection:
            result = connection.exec_driver_sql(
                "UPDATE deliveries SET next_attempt_at = received_at "  # noqa: S608
                "WHERE status = 'pending' AND claim_id IN "
                f"(SELECT id FROM claims WHERE worker = '{worker_name(pid)}')"
            )
        return result.rowcount

    # When it fails

    def told(self) -> str:
        """Return the end of every log, for the message of a failed test."""
        return "\n".join(
            f"--- {one.log.name}\n" + "\n".join(one.tail()) for one in self.running
        )

    def crashes(self) -> list[str]:
        """Return what no fault from outside may cause: lines of level critical."""
        return [line for line in self.logged() if '"critical"' in line]

    def logged(self) -> list[str]:
        return [
            line
            for one in self.running
            for line in one.log.read_text(errors="replace").splitlines()
        ]


def worker_name(pid: int) -> str:
    """Return what a worker process calls itself in the tables."""
    return f"{socket.gethostname()}:{pid}"


def _toml(values: Mapping[str, str]) -> list[str]:
    return [f"{name} = {json.dumps(value)}" for name, value in values.items()]
