"""Whether this process gets on with its work, and its end when it does not.

A worker can be up and take nothing: a connection that never answers, a thread that
never comes back. What then helps is a new process. `serve` starts one, and so does the
service manager of many boxes.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

STUCK_S = 60.0
BEAT_S = 1.0
EXIT_CODE = 75  # of sysexits: try again
PULSE_FD = "FORWARDER_PULSE_FD"  # `serve` reads there that we are alive
NOTE_FILE = "watchdog.txt"  # why the worker before had to end

log = structlog.get_logger(__name__)


class Pulse:
    """When this process last looked for work, sent something, and heard the broker.

    `is_overdue` says whether deliveries are due for longer than they should be. Units:
    seconds of the monotonic clock. Thread-safe: each is one assignment.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        """Begin as if everything had just been done."""
        self._now_s = now_s
        self.looked_s = self.worked_s = self.heard_s = now_s()
        self.is_overdue = False

    def look(self) -> None:
        """Note that a look for work came to its end, be it with a fault."""
        self.looked_s = self._now_s()

    def work(self) -> None:
        """Note a step of real work: a claim, an answer, a verdict."""
        self.worked_s = self.looked_s = self._now_s()

    def hear(self) -> None:
        """Note that the broker woke us."""
        self.heard_s = self._now_s()

    def heard_nothing_for_s(self) -> float:
        """Return for how long the broker has not woken us."""
        return self._now_s() - self.heard_s

    def fault(self) -> str:
        """Return why this process should end; empty while it gets on."""
        now_s = self._now_s()
        if now_s - self.looked_s > STUCK_S:
            return f"no look for work came to its end for {STUCK_S:.0f} s"
        if self.is_overdue and now_s - self.worked_s > STUCK_S:
            return f"deliveries are due and none was sent for {STUCK_S:.0f} s"
        return ""


pulse = Pulse()


def end_process(fault: str, folder: Path) -> None:
    """End this process now, and leave word why; leases make that harmless."""
    log.error("watchdog: this worker takes nothing and ends", fault=fault)
    with suppress(OSError):
        (folder / NOTE_FILE).write_text(fault, encoding="utf-8")
    os._exit(EXIT_CODE)  # a stuck thread would hold up an orderly end


def taken_note(folder: Path) -> str:
    """Return why the worker before had to end, once; empty when it did not."""
    file = folder / NOTE_FILE
    try:
        text = file.read_text(encoding="utf-8")
        file.unlink()
    except OSError:
        return ""
    return text


class Watchdog:
    """Feels the pulse every second, tells `serve` of it, or ends the process."""

    def __init__(
        self,
        end: Callable[[str], None],
        rest: Callable[[float], bool],
        other_fault: Callable[[], str] = str,
    ) -> None:
        """Take what ends the process, and a wait that says whether it ends anyway.

        `other_fault` says why else it should end; empty while it need not.
        """
        self._end = end
        self._rest = rest
        self._other_fault = other_fault
        told = os.environ.get(PULSE_FD)
        self._fd = None if told is None else int(told)
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin, with a first sign of life at once."""
        self._beat()
        self._thread.start()

    def _run(self) -> None:
        while not self._rest(BEAT_S):
            fault = pulse.fault() or self._other_fault()
            if fault:
                self._end(fault)
                return
            self._beat()

    def _beat(self) -> None:
        if self._fd is not None:
            with suppress(OSError):  # `serve` is gone: it takes us along
                os.write(self._fd, b".")
