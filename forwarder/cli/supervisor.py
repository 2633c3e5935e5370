"""Keep a few child processes running, and stop them in order."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import click

STOP_WEB_S = 10.0
STOP_ALL_S = 27.0  # the promise is 30 s; leases make a KILL harmless
RESTART_MIN_S = 0.5
RESTART_MAX_S = 30.0
STEADY_S = 60.0  # after this long a child counts as healthy again
POLL_S = 0.2
PR_SET_PDEATHSIG = 1


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

    def start(self, now_s: float) -> None:
        """Start it in a group of its own, so that its children can be ended too."""
        self.process = subprocess.Popen(  # noqa: S603  our own interpreter
            self.command,
            env=dict(self.env),
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
        )
        self.started_s = now_s

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
