"""A real RabbitMQ on loopback ports, as an ordinary user, beside the system's own."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import amqp

from forwarder.broker import QUEUE
from tests.servers import free_port, missing, short_folder, stop, wait_until_open

PROGRAMS: Final = Path("/usr/lib/rabbitmq/bin")  # Debian's wrapper is for root alone
ONE_CORE: Final = "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none"
NOBODY_EATS: Final = 200_000_000  # bytes of memory above which it takes nothing more


@dataclass(slots=True)
class RabbitServer:
    """One node with its own name, ports and folder; a test may stop or hang it."""

    folder: Path
    user: str | None
    port: int = field(default_factory=free_port)
    names_port: int = field(default_factory=free_port)
    nodes_port: int = field(default_factory=free_port)
    names: subprocess.Popen[bytes] | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    @property
    def env(self) -> dict[str, str]:
        return {
            "HOME": str(self.folder),  # the cookie lies there
            "LC_ALL": "C.UTF-8",
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.names_port),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
            "RABBITMQ_DIST_PORT": str(self.nodes_port),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_NODENAME": f"test{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ONE_CORE,
        }

    def create(self) -> None:
        (self.folder / "plugins").write_text("[].\n")
        (self.folder / "none").touch()
        if self.user is not None:
            shutil.chown(self.folder, self.user)

    def start(self) -> None:
        if self.names is None:  # a node that finds none would leave a daemon behind
            self.names = self._spawn("epmd", "-port", str(self.names_port))
            wait_until_open(self.names_port, self.names)
        self.process = self._spawn(str(PROGRAMS / "rabbitmq-server"))
        wait_until_open(self.port, self.process, within_s=60)

    def _spawn(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / "output").open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - our own words
                command,
                stdout=output,
                stderr=output,
                env=self.env,
                user=self.user,
                cwd=self.folder,
                start_new_session=True,
            )

    def stop(self) -> None:
        """End it as a power cut would, with all that it started."""
        for process in (self.process, self.names):
            if process is not None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                stop(process)
        self.process = self.names = None

    def hang(self) -> None:
        """Let connections stay open and answer nobody."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGCONT)

    def flush(self) -> None:
        """Throw away every wake-up that waits."""
        with self.client() as line, suppress(amqp.NotFound):
            line.channel().queue_purge(QUEUE)

    def forget(self) -> None:
        """Throw the queue itself away, and with it whoever listens to it."""
        with self.client() as line:
            line.channel().queue_delete(QUEUE)

    def set_full(self, *, is_full: bool) -> None:
        """Let it take nothing more, or everything again."""
        limit = "1" if is_full else str(NOBODY_EATS * 100)
        program = str(PROGRAMS / "rabbitmqctl")
        subprocess.run(  # noqa: S603 - our own words
            [program, "set_vm_memory_high_watermark", "absolute", limit],
            check=True,
            capture_output=True,
            env=self.env,
            user=self.user,
            cwd=self.folder,
            timeout=60,
        )

    @contextmanager
    def client(self) -> Iterator[amqp.Connection]:
        with closing(amqp.Connection(f"127.0.0.1:{self.port}")) as line:
            line.connect()
            yield line


@contextmanager
def running_rabbit() -> Iterator[RabbitServer]:
    """Yield a RabbitMQ of its own; root runs it as `nobody`."""
    if not (PROGRAMS / "rabbitmq-server").exists() or shutil.which("epmd") is None:
        missing("rabbitmq-server")
    is_root = sys.platform != "win32" and os.geteuid() == 0
    with short_folder("mq-") as folder:
        server = RabbitServer(folder, "nobody" if is_root else None)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
