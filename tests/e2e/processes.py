"""Processes of ours: start them, look after them, and leave none behind."""

import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

import psutil

STOP_WITHIN_S = 30.0  # the promise of `serve`
LOG_LINES = 25


@dataclass(slots=True)
class Running:
    """One role as a process, with everything it writes in one file."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    seen: set[psutil.Process] = field(default_factory=set)

    @property
    def pid(self) -> int:
        return self.process.pid

    def look(self) -> set[psutil.Process]:
        """Return the processes it started; once seen, they are never forgotten."""
        with suppress(psutil.NoSuchProcess):
            me = psutil.Process(self.pid)
            self.seen |= {me, *me.children(recursive=True)}
        return self.seen

    def kill(self) -> None:
        """End it as a crash does; what it started stays as it is."""
        self.look()
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end and return its exit code. Raises: TimeoutExpired."""
        self.look()
        self.process.terminate()
        return self.process.wait(STOP_WITHIN_S)

    def ask_to_end(self) -> None:
        self.look()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)  # a paused one hears nothing
            self.process.terminate()

    def clear(self, until_s: float) -> None:
        """Wait for its end until then, and end whatever is left of it."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, until_s - monotonic()))
        for one in self.seen:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait()

    def tail(self) -> list[str]:
        """Return the last lines it wrote."""
        return self.log.read_text(errors="replace").splitlines()[-LOG_LINES:]

    def left(self) -> list[psutil.Process]:
        """Return which of its processes still run."""
        return [one for one in self.seen if is_alive(one)]


def is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(
    what: str, is_so: Callable[[], bool], within_s: float, every_s: float = 0.05
) -> None:
    """Return once it is so. Raises: AssertionError that says what is not."""
    deadline = monotonic() + within_s
    while not is_so():
        assert monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        sleep(every_s)
