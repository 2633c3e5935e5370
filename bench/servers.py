"""The processes of a bench: installations of the product, and what they talk to."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self

import psutil
import requests

from bench.orders import ENDPOINT, SECRET, SOURCE, Serials
from tests.servers import (
    PostgresServer,
    RedisServer,
    free_port,
    running_postgres,
    short_folder,
    stop,
    wait_until_open,
)

ROOT: Final = Path(__file__).resolve().parents[1]
KEY: Final = "YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtYmU="
ACCOUNT: Final = "549755885175"
TOKEN: Final = "bench"  # noqa: S105  the sandbox takes any
HTTP_TIMEOUT_S: Final = 30.0
SETTINGS: Final = """\
[service]
public_url = "http://127.0.0.1:8000"
database_url = "{database_url}"
broker_url = "{broker_url}"
data_keys = ["env:FORWARDER_DATA_KEY"]
data_dir = "{data_dir}"

[destinations.main]
platform = "pinterest"
ad_account_id = "{account}"
token = "{token}"
base_url = "{base_url}"

[endpoints.{endpoint}]
source = "{source}"
secrets = ["{secret}"]
destination = "main"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The settings of one installation of the product, in a folder of its own."""

    folder: Path
    database_url: str
    env: Mapping[str, str] = field(repr=False)


@dataclass(slots=True)
class Room:
    """Where a bench works: a folder that goes, and servers that stop, at its end."""

    folder: Path
    exits: ExitStack
    serials: Serials = field(default_factory=Serials)
    _postgres: PostgresServer | None = None
    _redis: RedisServer | None = None
    _sandbox: "Sandbox | None" = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.exits.close()

    @classmethod
    def open(cls) -> Self:
        exits = ExitStack()
        folder = exits.enter_context(TemporaryDirectory(prefix="bench-"))
        return cls(Path(folder), exits)

    @property
    def postgres(self) -> PostgresServer:
        """Return a real PostgreSQL that waits for the disk, as one in service does."""
        if self._postgres is None:
            self._postgres = self.exits.enter_context(running_postgres())
            self._postgres.stop()
            _start_durably(self._postgres)
        return self._postgres

    @property
    def redis(self) -> RedisServer:
        if self._redis is None:
            folder = self.exits.enter_context(short_folder("redis-"))
            self._redis = RedisServer(folder)
            self._redis.start()
            self.exits.callback(self._redis.stop)
        return self._redis

    @property
    def sandbox(self) -> "Sandbox":
        if self._sandbox is None:
            self._sandbox = Sandbox(free_port())
            command = [sys.executable, "-m", "bench.sandbox", str(self._sandbox.port)]
            self.start("sandbox", command, os.environ, self._sandbox.port)
        return self._sandbox

    def install(
        self, name: str, database_url: str = "", broker_url: str = ""
    ) -> Installation:
        """Write settings that send to the sandbox; SQLite if nothing else is said."""
        folder = self.folder / name
        folder.mkdir(parents=True)
        url = database_url or f"sqlite:///{folder / 'forwarder.db'}"
        text = SETTINGS.format(
            database_url=url,
            broker_url=broker_url,
            data_dir=folder / "var",
            account=ACCOUNT,
            token=TOKEN,
            base_url=self.sandbox.base_url,
            endpoint=ENDPOINT,
            source=SOURCE,
            secret=SECRET,
        )
        file = folder / "forwarder.toml"
        file.write_text(text, encoding="utf-8")
        env = {**os.environ, "FORWARDER_CONFIG": str(file), "FORWARDER_DATA_KEY": KEY}
        return Installation(folder=folder, database_url=url, env=env)

    def start(
        self, name: str, command: Sequence[str], env: Mapping[str, str], port: int = 0
    ) -> "subprocess.Popen[bytes]":
        """Start a process that ends with the room; wait until it listens on `port`."""
        log = self.folder / f"{name}.log"
        with log.open("ab") as file:
            process = subprocess.Popen(  # noqa: S603  our own words
                command,
                env=dict(env),
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                start_new_session=True,
            )
        self.exits.callback(end_tree, process)
        if port:
            wait_until_open(port, process)
        return process

    def forwarder(
        self, box: Installation, *words: str, port: int = 0
    ) -> "subprocess.Popen[bytes]":
        """Start a role of the product."""
        command = [sys.executable, "-m", "forwarder", *words]
        if port:
            command += ["--port", str(port)]
        return self.start(f"{box.folder.name}-{words[0]}", command, box.env, port)

    def postgres_url(self) -> str:
        return self.postgres.new_database()


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The fake Pinterest in a process of its own; it counts what arrives."""

    port: int

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v5"

    def counts(self) -> dict[str, Any]:
        found: dict[str, Any] = self._ledger("?events=0")
        return found

    def entries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ledger("")["events"]
        return found

    def clear(self) -> None:
        url = f"http://127.0.0.1:{self.port}/_sandbox/ledger"
        requests.delete(url, timeout=HTTP_TIMEOUT_S).raise_for_status()

    def wait_for(self, n_unique: int, within_s: float, poll_s: float = 0.02) -> None:
        """Return once so many events are accepted. Raises: TimeoutError."""
        until_s = time.monotonic() + within_s
        while self.counts()["unique"] < n_unique:
            if time.monotonic() > until_s:
                raise TimeoutError(f"{self.counts()} instead of {n_unique}")
            time.sleep(poll_s)

    def _ledger(self, query: str) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/_sandbox/ledger{query}"
        reply = requests.get(url, timeout=HTTP_TIMEOUT_S)
        reply.raise_for_status()
        found: dict[str, Any] = reply.json()
        return found


def _start_durably(server: PostgresServer) -> None:
    """Start it again with the settings it ships with: tests leave out the disk."""
    command = [str(server.programs / "postgres"), "-D", str(server.folder / "data")]
    command += ["-p", str(server.port), "-c", "listen_addresses=127.0.0.1"]
    command += ["-c", f"unix_socket_directories={server.folder}"]
    server.process = subprocess.Popen(  # noqa: S603  our own words
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=server.env,
        user=server.user,
    )
    wait_until_open(server.port, server.process)
    wait_until_answers(server.port)


def wait_until_answers(port: int) -> None:
    """Return once PostgreSQL has recovered and takes connections."""
    import psycopg  # noqa: PLC0415  only here

    for _ in range(500):
        try:
            url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError("PostgreSQL does not become ready")


def end_tree(process: "subprocess.Popen[bytes]") -> None:
    """End a process that the bench started, and whatever that one started."""
    children = family(process.pid)[1:] if process.poll() is None else []
    stop(process, within_s=20)
    for child in children:
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all it started."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process and all it started and has running."""
    times = [one.cpu_times() for one in family(pid)]
    return float(sum(one.user + one.system for one in times))


def pss_mb(pid: int) -> float:
    """Return the memory of a process and all it started, shared pages shared out."""
    return float(sum(one.memory_full_info().pss for one in family(pid))) / 1e6


def wait_until_ready(port: int, within_s: float = 30.0) -> None:
    """Return once `/readyz` says so. Raises: TimeoutError."""
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        try:
            url = f"http://127.0.0.1:{port}/readyz"
            if requests.get(url, timeout=2).ok:
                return
        except requests.RequestException:
            pass  # it does not listen yet
        time.sleep(0.01)
    raise TimeoutError("the service does not become ready")
