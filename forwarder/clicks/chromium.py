"""A Chromium to look at one page with: its protocol over a pipe, nothing more.

Source: https://chromedevtools.github.io/devtools-protocol/ (read 2026-11-22)
"""

import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from select import select
from tempfile import TemporaryDirectory
from typing import Any, Final

PROGRAMS: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
OPTIONS: Final = (
    "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
    "--disable-extensions", "--disable-background-networking", "--mute-audio",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--disable-quic", "--proxy-bypass-list=<-loopback>",
)  # fmt: skip
END_S: Final = 5.0
HIGH_FD: Final = 20
Message = Mapping[str, Any]


class NoBrowser(Exception):
    """No Chromium is installed, or it does not answer; the text says what to do."""


class Chromium:
    """One browser with one page. Not for several threads."""

    def __init__(self, write_fd: int, read_fd: int, until_s: float) -> None:
        """Take both ends of its pipes; `until_s` is when to give up."""
        self._write_fd, self._read_fd, self._until_s = write_fd, read_fd, until_s
        self._left = b""
        self._number = 0
        self._kept: list[Message] = []

    def call(self, method: str, session: str = "", **params: object) -> Message:
        """Return what a command is answered. Raises: NoBrowser."""
        self._number += 1
        told: dict[str, object] = {"id": self._number, "method": method}
        told |= {"params": params} | ({"sessionId": session} if session else {})
        os.write(self._write_fd, json.dumps(told).encode() + b"\0")
        while (found := self._next(self._until_s)) is not None:
            if found.get("id") == self._number:
                result: Message = found.get("result", {})
                return result
            self._kept.append(found)
        raise NoBrowser("Chromium does not answer: try again, or without --browser")

    def events(self, quiet_s: float) -> Iterator[Message]:
        """Give what happens, until nothing does for a while or time is up."""
        while True:
            if self._kept:
                yield self._kept.pop(0)
                continue
            found = self._next(min(time.monotonic() + quiet_s, self._until_s))
            if found is None:
                return
            yield found

    def _next(self, until_s: float) -> Message | None:
        """Return the next message; None once it is too late."""
        while b"\0" not in self._left:
            left_s = until_s - time.monotonic()
            if left_s <= 0 or not select([self._read_fd], [], [], left_s)[0]:
                return None
            piece = os.read(self._read_fd, 65_536)
            if not piece:
                return None
            self._left += piece
        told, _, self._left = self._left.partition(b"\0")
        message: Message = json.loads(told)
        return message


@contextmanager
def chromium(proxy: str, until_s: float) -> Iterator[Chromium]:
    """Run a browser that goes through the proxy, and end it. Raises: NoBrowser."""
    with TemporaryDirectory(prefix="audit-", ignore_cleanup_errors=True) as folder:
        words = [_program(), *OPTIONS, f"--proxy-server={proxy}"]
        words += [f"--user-data-dir={folder}", "about:blank"]
        if os.geteuid() == 0:
            words.append("--no-sandbox")  # Chromium has none for root
        process, write_fd, read_fd = _started(words)
        try:
            yield Chromium(write_fd, read_fd, until_s)
        finally:
            os.close(write_fd)
            os.close(read_fd)
            _end(process)


def _program() -> str:
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise NoBrowser("no Chromium is installed: install it, or leave out --browser")
    return found


def _started(words: Sequence[str]) -> tuple["subprocess.Popen[bytes]", int, int]:
    """Start it; it reads commands from file 3 and answers in file 4."""
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, HIGH_FD) for fd in (theirs_in, theirs_out)]
    os.close(theirs_in)
    os.close(theirs_out)

    def place() -> None:
        os.dup2(high[0], 3)
        os.dup2(high[1], 4)

    process = subprocess.Popen(  # noqa: S603  our own words
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=place,  # noqa: PLW1509  no lock is held: the audit has one thread
        pass_fds=(3, 4),
    )
    for fd in high:
        os.close(fd)
    return process, ours_out, ours_in


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
