"""Clicks on their way to the database: a file of this process, written ahead of it.

Requests put clicks into a bounded queue and are answered. A thread writes what waits
every 50 ms and lets the disk confirm it; a process that is killed loses no more than
that. Each file has one writer, who holds a lock on it: one without a lock is finished,
and whoever imports clicks may take it.
"""

import fcntl
import os
import threading
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO, Final, TextIO

import orjson
import structlog

from forwarder.core.links import Click, ClickClass
from forwarder.core.mirror import Device
from forwarder.core.tally import tally
from forwarder.store.clicks import AT_ONCE
from forwarder.store.writer import StoreDown

EVERY_S: Final = 0.05
TURN_S: Final = 1.0  # then the file goes to the importer
WAITING_MAX: Final = 100_000  # clicks; about 100 MB
STOP_S: Final = 5.0
IMPORT_EVERY_S: Final = 2.0
FEW: Final = 30  # beside requests, which wait while Python works on them: 3 ms
PAUSE_S: Final = 0.005  # between a few and the next; so 3,000 a second are taken in
FOLDER: Final = "clicks"
SUFFIX: Final = ".clicks"
log = structlog.get_logger(__name__)


class Spool:
    """Collects clicks and writes them to files in a folder. Safe to share."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; the thread starts with the first click."""
        self._folder = folder
        self._waiting: deque[Click] = deque()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._file: BinaryIO | None = None
        self._began_s = 0.0
        self._number = 0

    def put(self, click: Click) -> bool:
        """Take a click in and return at once; False when there is no room left."""
        if len(self._waiting) >= WAITING_MAX:
            tally.add("forwarder_clicks_dropped_total", ())
            return False
        self._waiting.append(click)
        if self._thread is None:
            self._start()
        return True

    def stop(self) -> None:
        """Write what waits, then end the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=STOP_S)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="spool", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_S):
            self._write_all()
        self._write_all()
        self._close()

    def _write_all(self) -> None:
        """Write what waits; a full disk leaves it waiting."""
        n = len(self._waiting)
        try:
            if n:
                self._append([self._waiting[place] for place in range(n)])
            if self._file is not None and monotonic() - self._began_s > TURN_S:
                self._close()
        except OSError as fault:
            log.warning("clicks not written", fault=type(fault).__name__, n_waiting=n)
            self._close()
            return
        for _ in range(n):
            self._waiting.popleft()

    def _append(self, clicks: Sequence[Click]) -> None:
        file = self._file
        if file is None:
            file = self._file = self._opened()
            self._began_s = monotonic()
        file.write(b"".join(map(_line, clicks)))
        file.flush()
        os.fsync(file.fileno())

    def _opened(self) -> BinaryIO:
        """Open a new file that is ours from its first byte on."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._number += 1
        name = f"{os.getpid()}-{self._number}-{os.urandom(4).hex()}"
        hidden = self._folder / f".{name}"
        file = hidden.open("xb")
        fcntl.flock(file, fcntl.LOCK_EX)
        hidden.rename(self._folder / f"{name}{SUFFIX}")
        return file

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()  # and with it the lock
            self._file = None


class Importer:
    """Takes in what this machine's web processes wrote, where no worker is beside."""

    def __init__(self, folder: Path, keep: Callable[[Sequence[Click]], int]) -> None:
        """Start at once."""
        self._folder, self._keep = folder, keep
        self._stopping = threading.Event()
        threading.Thread(target=self._run, name="clicks", daemon=True).start()

    def stop(self) -> None:
        """End after what is in hand."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(IMPORT_EVERY_S):
            try:
                take_in(self._folder, self._keep_few, FEW)
            except StoreDown:
                continue  # the files stay
            except Exception as fault:  # the next round may do better
                log.exception("clicks not imported", fault=type(fault).__name__)

    def _keep_few(self, clicks: Sequence[Click]) -> int:
        n_new = self._keep(clicks)
        self._stopping.wait(PAUSE_S)
        return n_new


def take_in(
    folder: Path, keep: Callable[[Sequence[Click]], int], at_once: int = AT_ONCE
) -> int:
    """Hand every finished file to `keep` in parts, then delete it; return the new ones.

    What `keep` raises leaves the file for the next time: keeping a click twice must
    change nothing.
    """
    n_new = 0
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            file = path.open(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            continue  # another importer was faster
        with file:
            if _is_locked(file):
                continue
            clicks = _read(file)
            while part := list(islice(clicks, at_once)):
                n_new += keep(part)
            path.unlink(missing_ok=True)
    return n_new


def _is_locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


_LINES: Final = orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_DATETIME


def _line(click: Click) -> bytes:
    return orjson.dumps(click, default=_plain, option=_LINES)


def _plain(value: datetime | bytes) -> float | str:
    """Return what JSON has no word for: a time, or the sealed part."""
    if isinstance(value, datetime):
        return value.timestamp()
    return b64encode(value).decode()


def _read(file: TextIO) -> Iterator[Click]:
    """Give the clicks of a file; a last line that was cut off is left out."""
    for line in file:
        try:
            yield _click(orjson.loads(line))
        except (ValueError, KeyError, TypeError) as fault:
            log.warning("a click was cut off", fault=type(fault).__name__)


def _click(told: dict[str, Any]) -> Click:
    sealed = told.get("sealed")
    return Click(
        **{
            **told,
            "at": datetime.fromtimestamp(told["at"], UTC),
            "kind": ClickClass(told["kind"]),
            "device": Device(told["device"]),
            "sealed": None if sealed is None else b64decode(sealed),
        }
    )
