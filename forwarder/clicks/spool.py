"""Clicks on their way to the database: a file of this process, written ahead of it.

Requests put clicks into a bounded queue and are answered. A thread writes what waits
every 50 ms and lets the disk confirm it; a process that is killed loses no more than
that. What a disk does not take waits on, and is tried again each second. Each file has
one writer, who holds a lock on it: one without a lock is finished, and whoever imports
clicks may take it.
"""

import fcntl
import os
import threading
from base64 import b64decode, b64encode
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import FileIO
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO, Final, get_type_hints

import orjson
import structlog

from forwarder.core import failpoints
from forwarder.core.links import Click, ClickClass
from forwarder.core.mirror import Device
from forwarder.core.tally import tally
from forwarder.store.clicks import AT_ONCE, OF_A_CLICK
from forwarder.store.writer import StoreDown

EVERY_S: Final = 0.05
AGAIN_S: Final = 1.0  # after the disk took nothing
WRITE_MOST: Final = 1_000  # at once, so that a little room is of use
TURN_S: Final = 1.0  # then the file goes to the importer
WAITING_MAX: Final = 100_000  # clicks; about 100 MB
STOP_S: Final = 5.0
IMPORT_EVERY_S: Final = 2.0
FEW: Final = 30  # beside requests, which wait while Python works on them: 3 ms
PAUSE_S: Final = 0.005  # between a few and the next; so 3,000 a second are taken in
FOLDER: Final = "clicks"
SUFFIX: Final = ".clicks"
REFUSED: Final = ".refused"  # a file with lines that are no clicks, kept for a look
REFUSED_FOR: Final = timedelta(days=30)
DROPPED: Final = "forwarder_clicks_dropped_total"
UNWRITTEN: Final = "forwarder_click_writes_failed_total"
Keep = Callable[[Sequence[Click]], int]
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
        self._file: FileIO | None = None
        self._path = folder
        self._n_sure = 0  # bytes of the file that the disk confirmed
        self._began_s = 0.0
        self._number = 0

    def put(self, click: Click) -> bool:
        """Take a click in and return at once; False when there is no room left."""
        if len(self._waiting) >= WAITING_MAX:
            tally.add(DROPPED, ("no_room",))
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
        pause_s = EVERY_S
        while not self._stopping.wait(pause_s):
            pause_s = EVERY_S if self._write() else AGAIN_S
        while self._waiting and self._write():
            pass
        self._close()
        if self._waiting:
            log.error("clicks lost at the end", n=len(self._waiting))

    def _write(self) -> bool:
        """Write the first that wait; False leaves them waiting. Raises nothing."""
        n = min(len(self._waiting), WRITE_MOST)
        try:
            if n:
                self._append([self._waiting[place] for place in range(n)])
        except Exception as fault:  # noqa: BLE001  no other thread writes clicks
            log.warning("clicks not written", fault=type(fault).__name__, n_waiting=n)
            tally.add(UNWRITTEN, ())
            self._close()
            return False
        for _ in range(n):
            self._waiting.popleft()
        if monotonic() - self._began_s > TURN_S:
            self._close()
        return True

    def _append(self, clicks: Sequence[Click]) -> None:
        file = self._file
        if file is None:
            file = self._open()
        lines = b"".join(map(_line, clicks))
        left = memoryview(lines)
        while left:  # a disk that is nearly full takes a part
            left = left[file.write(left) :]
        os.fsync(file.fileno())
        self._n_sure += len(lines)

    def _open(self) -> FileIO:
        """Open a new file that is ours from its first byte on."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._number += 1
        name = f"{os.getpid()}-{self._number}-{os.urandom(4).hex()}"
        self._path, self._n_sure = self._folder / f".{name}", 0
        self._file = file = self._path.open("xb", buffering=0)
        self._began_s = monotonic()
        fcntl.flock(file, fcntl.LOCK_EX)
        self._path = self._path.rename(self._folder / f"{name}{SUFFIX}")
        return file

    def _close(self) -> None:
        """Let go of file and lock; what the disk did not confirm does not stay in it.

        Those clicks are written again, and half a line would count as a lost one.
        """
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError), file:
                file.truncate(self._n_sure)
                if not self._n_sure:
                    self._path.unlink()


class Importer:
    """Takes in what this machine's web processes wrote, where no worker is beside."""

    def __init__(self, folder: Path, keep: Keep) -> None:
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


def take_in(folder: Path, keep: Keep, at_once: int = AT_ONCE) -> int:
    """Hand every finished file to `keep` in parts, then delete it; return the new ones.

    What `keep` raises leaves the file for the next time: keeping a click twice must
    change nothing. Only a click that it will never take is left out, as is a line that
    is no click: such a file is put by.
    """
    n_new = 0
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            n_new += _take_file(path, keep, at_once)
        except OSError as fault:  # the others can be read
            log.exception("clicks not imported", fault=type(fault).__name__)
    _forget_refused(folder)
    return n_new


def _take_file(path: Path, keep: Keep, at_once: int) -> int:
    n: Counter[str] = Counter()
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return 0  # another importer was faster
    with file:
        if _is_locked(file):
            return 0
        clicks = _read(file, n)
        while part := list(islice(clicks, at_once)):
            _take_part(part, keep, n)
        if n["refused"]:
            path.rename(path.with_suffix(REFUSED))
        else:
            path.unlink(missing_ok=True)
    for reason in n.keys() - {"new"}:
        log.warning("clicks left out", reason=reason, n=n[reason])
        tally.add(DROPPED, (reason,), n[reason])
    return n["new"]


def _take_part(part: Sequence[Click], keep: Keep, n: Counter[str]) -> None:
    """Keep a part; of one that is not taken whole each half, down to a single click."""
    try:
        n["new"] += keep(part)
    except OF_A_CLICK:
        middle = len(part) // 2
        if not middle:
            n["refused"] += 1
            return
        _take_part(part[:middle], keep, n)
        _take_part(part[middle:], keep, n)


def _forget_refused(folder: Path) -> None:
    before_s = (failpoints.now() - REFUSED_FOR).timestamp()
    for path in folder.glob(f"*{REFUSED}"):
        with suppress(FileNotFoundError):  # another importer was faster
            if path.stat().st_mtime < before_s:
                path.unlink()


def _is_locked(file: BinaryIO) -> bool:
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


def _read(file: BinaryIO, n: Counter[str]) -> Iterator[Click]:
    """Give the clicks of a file, and count lines that are none.

    A last line without an end is one that its writer was killed in.
    """
    for line in file:
        try:
            click = _click(orjson.loads(line))
        except Exception:  # noqa: BLE001  whatever a line holds costs itself only
            n["refused" if line.endswith(b"\n") else "cut_off"] += 1
        else:
            yield click


_KINDS: Final = get_type_hints(Click)


def _click(told: dict[str, Any]) -> Click:
    """Return the click that a line tells of. Raises: anything, if it tells of none."""
    sealed = told.get("sealed")
    click = Click(
        **{
            **told,
            "at": datetime.fromtimestamp(told["at"], UTC),
            "kind": ClickClass(told["kind"]),
            "device": Device(told["device"]),
            "sealed": None if sealed is None else b64decode(sealed),
        }
    )
    for name, kind in _KINDS.items():
        if not isinstance(getattr(click, name), kind):
            raise TypeError(name)
    return click
