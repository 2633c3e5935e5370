"""Keep a few child processes running, and stop them in order.

A child that `beats` sends a sign of life every second through a pipe of its own. One
that stands still, stopped or stuck as a whole, sends none and is started again.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import click

STOP_WEB_S = 10.0
STOP_ALL_S = 27.0  # the promise is 30 s; leases make a KILL harmless
RESTART_MIN_S = 0.5
RESTART_MAX_S = 30.0
STEADY_S = 60.0  # after this long a child counts as healthy again
POLL_S = 0.2
PR_SET_PDEATHSIG = 1
PULSE_FD = "FORWARDER_PULSE_FD"  # workers.pulse writes there
START_S = 60.0  # a child may take so long until its first sign of life
SILENT_S = 20.0
PULSE_BYTES = 4096


@dataclass(slots=True, kw_only=True)
class Child:
    """One process to keep running."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(repr=False)
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    wait_s: float = RESTART_MIN_S
    due_s: float = 0.0
    beats: bool = False
    note_file: Path | None = None
    pulse_fd: int | None = None
    silent_after_s: float = 0.0  # the time by which a sign of life is due

    def start(self, now_s: float) -> None:
        """Start it in a group of its own, so that its children can be ended too."""
        env = dict(self.env)
        theirs: list[int] = []
        if self.beats:
            theirs.append(self._open_pulse())
            env[PULSE_FD] = str(theirs[0])
        self.process = subprocess.Popen(  # noqa: S603  our own interpreter
            self.command,
            env=env,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
            pass_fds=theirs,
        )
        for fd in theirs:
            os.close(fd)
        self.started_s = now_s
        self.silent_after_s = now_s + START_S

    def _open_pulse(self) -> int:
        """Return the end of a new pipe that the child writes to."""
        if self.pulse_fd is not None:
            os.close(self.pulse_fd)
        self.pulse_fd, theirs = os.pipe()
        os.set_blocking(self.pulse_fd, False)
        return theirs

    def is_silent(self, now_s: float) -> bool:
        """Say whether it has sent no sign of life for too long."""
        if self.pulse_fd is None:
            return False
        try:
            has_beaten = bool(os.read(self.pulse_fd, PULSE_BYTES))
        except BlockingIOError:
            has_beaten = False
        if has_beaten:
            self.silent_after_s = now_s + SILENT_S
        return now_s > self.silent_after_s

    def signal(self, number: int) -> None:
        """Send a signal to it, or KILL to it and all it started."""
        if self.process is None:
            return
        try:
            if number == signal.SIGKILL:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)
        except ProcessLookupError:
            return

    def leave_word(self) -> None:
        """Tell the next one why this one had to end."""
        if self.note_file is not None:
            with suppress(OSError):
                self.note_file.write_text("it stood still", encoding="utf-8")

    @property
    def has_ended(self) -> bool:
        """Say whether it is not running."""
        return self.process is None or self.process.poll() is not None


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def supervise(children: Sequence[Child]) -> None:
    """Run until SIGTERM or SIGINT; start a child that dies again, with back-off."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    for child in children:
        child.start(time.monotonic())
    while not stopping.wait(POLL_S):
        for child in children:
            _mind(child, time.monotonic())
    _stop(children)


def _mind(child: Child, now_s: float) -> None:
    """Start a dead child again when its time has come."""
    if not child.has_ended:
        if now_s - child.started_s > STEADY_S:
            child.wait_s = RESTART_MIN_S
        if child.is_silent(now_s):
            click.echo(f"{child.name} is up and stands still; ending it", err=True)
            child.leave_word()
            child.signal(signal.SIGKILL)
        return
    if child.process is not None:
        code = child.process.returncode
        child.signal(signal.SIGKILL)  # what it left behind would hold the port
        child.process = None
        child.due_s = now_s + child.wait_s
        click.echo(
            f"{child.name} ended with code {code}; "
            f"starting it again in {child.wait_s:.1f} s",
            err=True,
        )
        child.wait_s = min(child.wait_s * 2, RESTART_MAX_S)
    elif now_s >= child.due_s:
        child.start(now_s)


def _stop(children: Sequence[Child]) -> None:
    """Stop taking webhooks first, then let the worker finish its batch."""
    until_s = time.monotonic() + STOP_ALL_S
    ordered = sorted(children, key=lambda child: child.name == "sandbox")
    for child in ordered:
        child.signal(signal.SIGTERM)
        if child.name == "web":
            _wait([child], time.monotonic() + STOP_WEB_S)
        if child.name == "worker":
            _wait([child], until_s)
    _wait(ordered, until_s)
    for child in ordered:
        child.signal(signal.SIGKILL)


def _wait(children: Sequence[Child], until_s: float) -> None:
    while time.monotonic() < until_s and not all(c.has_ended for c in children):
        time.sleep(POLL_S / 4)
