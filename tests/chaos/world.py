"""One installation in trouble: its servers, the proxies before them, who posts."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random  # noqa: TID251 - with a seed that is written down
from threading import Event, Thread
from time import monotonic, sleep
from typing import Self

import psutil

from config.settings import load
from forwarder.core import failpoints
from forwarder.store import Store
from forwarder.wiring import wire
from tests.chaos import syncs
from tests.chaos.load import Book, Call, Senders, calls, in_parts
from tests.chaos.proxy import Proxy, proxy_before
from tests.e2e.box import Box
from tests.e2e.processes import is_open, wait_until
from tests.rabbit import RabbitServer, running_rabbit
from tests.servers import (
    PostgresServer,
    RedisServer,
    missing,
    running_postgres,
    short_folder,
)

DATABASES = ("sqlite", "postgresql")
BROKERS = ("folder", "redis", "rabbitmq")
TAKEN_WITHIN_S = 60.0
BACK_WITHIN_S = 60.0
DRAINED_WITHIN_S = 150.0
LOOK_S = 0.1
FIRST_SERIAL = 200_000
SMALL_DISK = "a small disk"
DATABASE_LINE = "a proxy before the database"
WATCHED_DISK = "a disk whose syncs are seen, and fail when asked to"
DISK_MB = 96  # an empty PostgreSQL database takes 8


@dataclass(frozen=True, slots=True)
class Configuration:
    """Which database and which broker."""

    database: str
    broker: str

    def __str__(self) -> str:
        return f"{self.database}+{self.broker}"


EVERYWHERE = tuple(Configuration(d, b) for d in DATABASES for b in BROKERS)


@dataclass
class Servers:
    """The real servers of a run of the matrix, each started when first asked for."""

    stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    @cached_property
    def postgres(self) -> PostgresServer:
        return self.stack.enter_context(running_postgres())

    @cached_property
    def redis(self) -> RedisServer:
        server = RedisServer(self.stack.enter_context(short_folder("redis-")))
        server.start()
        self.stack.callback(server.stop)
        return server

    @cached_property
    def rabbitmq(self) -> RabbitServer:
        return self.stack.enter_context(running_rabbit())


class ChaosBox(Box):
    """A box whose database we reach past the proxy that stands before it."""

    direct_url: str = ""

    def add_to_endpoint(self, source: str, **settings: str) -> None:
        """Add settings to the endpoint of a source."""
        file = self.folder / "forwarder.toml"
        lines = "".join(f'{name} = "{value}"\n' for name, value in settings.items())
        line = f'source = "{source}"\n'
        file.write_text(file.read_text().replace(line, f"{line}{lines}"))

    def forget_store(self) -> None:
        """Let go of the database: another stands in its place."""
        if "store" in self.__dict__:
            self.store.close()
            del self.__dict__["store"]

    @cached_property
    def store(self) -> Store:
        env = {**self.env, "FORWARDER_DATABASE_URL": self.direct_url}
        return wire(load(env), "worker").store


@dataclass
class World:
    """One run: everything that a scenario may break, and the book to check it by."""

    configuration: Configuration
    servers: Servers
    folder: Path
    random: Random
    n_events: int
    needs: str = ""
    book: Book = field(default_factory=Book)
    notes: list[str] = field(default_factory=list)
    n_crashes: int = 0  # whatever cuts a worker off from its rows
    excuse: str = ""  # what may stand in a line that tells of a crash
    is_kept: bool = True  # a manager of processes starts what ended
    stack: ExitStack = field(default_factory=ExitStack)
    _next_serial: int = FIRST_SERIAL

    # Coming and going

    def __enter__(self) -> Self:
        self.points = self.folder / "points"
        self.points.mkdir()
        self.disk: Path | None = None
        if self.needs == SMALL_DISK:
            self.disk = self.stack.enter_context(small_disk(DISK_MB))
        self.box = ChaosBox(self.folder, self._database_url(), self._broker_url())
        self.box.direct_url = self.direct_url
        self.box.own_env = {failpoints.FOLDER: str(self.points)}
        self.syncs = self.folder / "syncs"
        if self.needs == WATCHED_DISK:
            self._watch_disk()
        self.platform = self._proxy(self.box.sandbox_port)
        self.box.platform_port = self.platform.port
        self.stack.enter_context(self.box)
        self._over = Event()
        self._keeper = Thread(target=self._keep, daemon=True)
        return self

    def _watch_disk(self) -> None:
        if not syncs.is_possible():
            missing("a kernel that reports syncs")
        self.syncs.mkdir()
        self.box.own_env |= {
            syncs.FOLDER: str(self.syncs),
            "PYTHONPATH": str(Path(__file__).parent / "inject"),
        }

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._keeper.is_alive():
            self._keeper.join()
        self.stack.close()
        if self.broker == "rabbitmq":
            self.servers.rabbitmq.forget()
        if self.broker == "redis":
            self.servers.redis.flush()

    def _database_url(self) -> str:
        if self.configuration.database == "sqlite":
            folder = self.folder / "var" if self.disk is None else self.disk
            self.direct_url = f"sqlite:///{folder}/forwarder.db"
            return self.direct_url
        server = self.servers.postgres
        if self.disk is None:
            self.direct_url = server.new_database()
        else:
            self.direct_url = self.stack.enter_context(database_on(server, self.disk))
        if self.needs != DATABASE_LINE:
            return self.direct_url
        self.database_line = self._proxy(server.port)
        return self.direct_url.replace(
            f":{server.port}/", f":{self.database_line.port}/"
        )

    def _broker_url(self) -> str:
        if self.broker == "folder":
            return ""
        server = self.broker_server
        self.broker_line = self._proxy(server.port)
        return server.url.replace(f":{server.port}/", f":{self.broker_line.port}/")

    def _proxy(self, port: int) -> Proxy:
        return self.stack.enter_context(proxy_before(port))

    @property
    def broker(self) -> str:
        return self.configuration.broker

    @property
    def broker_server(self) -> RedisServer | RabbitServer:
        if self.broker == "redis":
            return self.servers.redis
        return self.servers.rabbitmq

    @property
    def roles(self) -> list[str]:
        return ["web", "worker", "beat"] if self.box.broker_url else ["serve"]

    def start(self) -> None:
        """Start everything, and let a manager of processes look after it."""
        self.box.upgrade()
        words = ("api-key", "add", "shop", "--scope", "events:write", "--json")
        with ThreadPoolExecutor(1) as pool:
            told = pool.submit(self.box.run, *words)
            self.box.start_all()
        self.key: str = json.loads(told.result().stdout)["key"]
        self._keeper.start()

    def _keep(self) -> None:
        """Start a role again that ended, as systemd or a platform does."""
        while not self._over.wait(LOOK_S):
            for role in self.roles:
                one = self.box.the(role)
                one.look()
                if self.is_kept and one.process.poll() is not None:
                    for left in one.left():
                        left.kill()
                    port = [f"--port={self.box.port}"] if role != "worker" else []
                    self.box.start(role, *(port if role in {"web", "serve"} else []))

    # Traffic

    def some_calls(self, n_events: int) -> list[Call]:
        first, self._next_serial = self._next_serial, self._next_serial + 2 * n_events
        return calls(self.random, n_events, first, self.key)

    @contextmanager
    def traffic(self, share: float = 1.0) -> Iterator[None]:
        """Post that share of the run's events meanwhile, and until all is answered."""
        with self.posting(self.some_calls(round(self.n_events * share))):
            yield

    @contextmanager
    def posting(self, given: Sequence[Call]) -> Iterator[None]:
        senders = Senders(self.box.port, self.book)
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(senders.post_all, given)
            try:
                yield
            except BaseException:
                senders.over.set()
                raise
            done.result()

    def steps(self, n: int) -> Iterator[Callable[[], None]]:
        """Give `n` things to call: each posts its part of all events, and waits."""
        for part in in_parts(self.some_calls(self.n_events), n):
            yield lambda part=part: self._post(part)  # type: ignore[misc]

    def _post(self, part: Sequence[Call]) -> None:
        Senders(self.box.port, self.book).post_all(part)

    def notice_ids(self) -> set[int]:
        """Return the numbers of all webhooks in the database."""
        with self.box.store.read() as connection:
            found = connection.exec_driver_sql("SELECT id FROM notices")
            return set(found.scalars())

    # Processes

    def process(self, role: str) -> psutil.Process:
        """Return the process that plays this role now."""
        found: list[psutil.Process] = []

        def is_there() -> bool:
            with suppress(psutil.NoSuchProcess, StopIteration):
                if self.box.broker_url:
                    found.append(psutil.Process(self.box.the(role).pid))
                else:
                    found.append(self.box.child(role))
            return bool(found)

        wait_until(f"a {role} runs", is_there, BACK_WITHIN_S)
        return found[0]

    def family(self, role: str) -> list[psutil.Process]:
        """Return the processes of a role: the web's server starts one more."""
        head = self.process(role)
        with suppress(psutil.NoSuchProcess):
            return [head, *head.children(recursive=True)]
        return []

    def kill(self, role: str) -> None:
        """Kill a role and what it started, as the kernel would."""
        self.n_crashes += 1
        for one in reversed(self.family(role)):
            with suppress(psutil.NoSuchProcess):
                one.kill()

    def end(self, role: str) -> None:
        """Ask a role to end, and wait as long as it has promised to take at most."""
        one = self.process(role)
        one.terminate()
        one.wait(30)

    def back(self, role: str) -> None:
        """Wait until a role that ended is there again."""
        if role == "web":
            wait_until("the web answers", self.box.answers, BACK_WITHIN_S, LOOK_S)
        else:
            self.process(role)

    def arm(self, place: str, action: str = "kill", nth: int = 1) -> None:
        """Order what happens at a named place."""
        draft = self.folder / "order"
        draft.write_text(f"{action} {nth}")
        draft.rename(self.points / place)

    def is_taken(self, place: str) -> bool:
        return (self.points / f"{place}{failpoints.TAKEN}").exists()

    def wait_taken(self, place: str) -> None:
        wait_until(f"{place} is reached", lambda: self.is_taken(place), TAKEN_WITHIN_S)
        (self.points / f"{place}{failpoints.TAKEN}").unlink()

    def crash(self, role: str, place: str, share: float, nth: int = 1) -> None:
        """Let a process die at that place while a share of the events is posted."""
        self.n_crashes += 1
        self.arm(place, "kill", nth)
        with self.traffic(share):
            self.wait_taken(place)
            self.back(role)

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Kill all but the platform, as if the machine died; start the roles again."""
        self.is_kept = False
        self.n_crashes += 1
        for one in [one for one in self.box.running if one.name != "sandbox"]:
            one.kill()
            for left in one.left():
                with suppress(psutil.NoSuchProcess):
                    left.kill()
            wait_until(f"{one.name} is gone", lambda one=one: not one.left(), 10)  # type: ignore[misc]
        yield
        self.is_kept = True
        self.back("web")

    # The disk

    def confirm_disk(self) -> None:
        """Take what is written now for confirmed: it is from before the run."""
        for file in (self.folder / "var").glob(f"{syncs.PREFIX}*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, self.syncs / syncs.COPIES / file.name)

    def confirmed(self) -> dict[str, bytes]:
        """Return the files of the database as the disk has confirmed them."""
        files = (self.syncs / syncs.COPIES).glob(f"{syncs.PREFIX}*")
        return {one.name: one.read_bytes() for one in files if one.suffix != ".draft"}

    def fail_syncs(self, pids: Iterable[int]) -> None:
        """Let the syncs of these processes fail from now on, and no others."""
        draft = self.syncs / "order"
        draft.write_text(" ".join(map(str, pids)))
        draft.rename(self.syncs / syncs.ORDER)

    # Time

    def lapse_the_dead(self) -> None:
        """End the leases of workers that are no more, as 60 seconds would."""
        with self.box.store.read() as connection:
            found = connection.exec_driver_sql(
                "SELECT DISTINCT worker FROM claims WHERE id IN "
                "(SELECT claim_id FROM deliveries WHERE claim_id IS NOT NULL)"
            )
            names = list(found.scalars())
        for name in names:
            pid = int(name.rpartition(":")[2])
            if not psutil.pid_exists(pid) or _is_zombie(pid):
                self.box.let_leases_lapse(pid)

    def hurry(self) -> bool:
        """Let time pass; say whether everything is settled."""
        self.lapse_the_dead()
        is_drained = self.box.hurry()
        with self.box.store.write() as connection:  # also by a clock that was ahead
            connection.exec_driver_sql(
                "UPDATE deliveries SET next_attempt_at = 1 "
                "WHERE status = 'pending' AND claim_id IS NULL"
            )
        return is_drained

    def drain(self) -> None:
        """Wait until nothing waits any more."""
        until_s = monotonic() + DRAINED_WITHIN_S
        while not self.box.is_drained():
            assert monotonic() < until_s, f"still waiting: {self.box.counts()}"
            sleep(0.5)
            self.hurry()

    def wait_for(
        self,
        what: str,
        is_so: Callable[[], bool],
        within_s: float,
        every_s: float = LOOK_S,
    ) -> None:
        wait_until(what, is_so, within_s, every_s)

    def is_sandbox_up(self) -> bool:
        return is_open(self.box.sandbox_port)


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """Yield a file system of its own, of that size: root may mount one."""
    with short_folder("disk-") as folder:
        options = f"size={megabytes}m,mode=1777"
        mounted = subprocess.run(  # noqa: S603 - our own words
            ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)],  # noqa: S607
            check=False,
            capture_output=True,
        )
        if mounted.returncode != 0:
            missing("a small file system, which root may mount,")
        try:
            yield folder
        finally:
            subprocess.run(  # noqa: S603 - our own words
                ["umount", "--lazy", str(folder)],  # noqa: S607
                check=True,
            )


@contextmanager
def database_on(server: PostgresServer, disk: Path) -> Iterator[str]:
    """Yield an empty database whose tables lie on that disk, its log elsewhere."""
    space = f"space_{server.n_databases}"
    folder = disk / "tables"
    folder.mkdir()
    if server.user is not None:
        shutil.chown(folder, server.user)
    server.run(f"CREATE TABLESPACE {space} LOCATION '{folder}'")
    url = server.new_database(f"TABLESPACE {space}")
    try:
        yield url
    finally:
        server.drop(url)
        server.run(f"DROP TABLESPACE {space}")


def _is_zombie(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def stop_process(one: psutil.Process) -> None:
    os.kill(one.pid, signal.SIGSTOP)


def go_on(one: psutil.Process) -> None:
    os.kill(one.pid, signal.SIGCONT)
