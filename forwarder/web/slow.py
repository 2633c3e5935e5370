"""Senders that keep a thread waiting for their body lose their connection.

The server grants a body any time, and a thread that reads one can not be interrupted.
What frees it is the end of its connection; which one that is, the server does not
tell, but the kernel does: one that has received something since it was last answered,
and has gone without an answer for as long as the thread has waited.

Limits: where the kernel is not Linux, a slow sender keeps its thread; see
`docs/security.md`.
"""

import os
import socket
import stat
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final, NamedTuple

import orjson
import structlog

from forwarder.web.bodies import REFUSALS, TooSlow, Waiting, waiting

READERS_MAX: Final = 256  # threads that may wait for bodies at the same time
DEADLINE_S: Final = 10.0
CROWDED_S: Final = 2.0  # once half of the threads wait
GRACE_S: Final = 1.0  # an ordinary body is there long before
TICK_S: Final = 0.5
AGAIN_S: Final = 5.0  # a busy process comes late to see its connection ended
CLOCK_S: Final = 0.01  # the kernel counts in steps of 1 to 10 ms

Peer = tuple[str, int]

_FILES: Final = "/proc/self/fd"
_TCP_INFO: Final = struct.Struct("=44x I 4x I 64x Q")  # sent, received; bytes sent
_MS: Final = 1000

_SAID: Final = orjson.dumps({"error": REFUSALS[TooSlow][1]})
_FAREWELL: Final = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
) % (len(_SAID), _SAID)

log = structlog.get_logger(__name__)


class Rank(IntEnum):
    """How much a connection looks like one whose request is not whole yet."""

    ASKING = 0  # the last that happened is that something came in
    UNSURE = 1  # came in and answered within the same tick of the kernel's clock
    ANSWERED = 2  # so does half a request that came in behind a whole one


class Silence(NamedTuple):
    """For how long a connection has sent and has received nothing."""

    sent_s: float
    received_s: float
    n_bytes_sent: int

    @property
    def rank(self) -> Rank:
        """Return how much it looks like a request in the middle."""
        if self.n_bytes_sent <= 1 or self.received_s < self.sent_s - CLOCK_S:
            return Rank.ASKING
        is_unsure = self.received_s <= self.sent_s + CLOCK_S
        return Rank.UNSURE if is_unsure else Rank.ANSWERED


@dataclass(slots=True)
class Suspect:
    """A connection that has answered nothing since then."""

    since_s: float
    rank: Rank


def watch() -> None:
    """Start to look after this process's readers, for as long as it lives."""
    if sys.platform == "linux":
        threading.Thread(target=_run, name="slow-senders", daemon=True).start()


def _run() -> None:
    found = Suspects()
    while True:
        time.sleep(TICK_S)
        try:
            found.look(list(waiting.values()), time.monotonic())
        except (OSError, struct.error) as fault:  # out of file descriptors, say
            log.warning("slow senders not looked for", error=type(fault).__name__)


class Suspects:
    """Connections without an answer for as long as some thread waits for a body."""

    def __init__(self) -> None:
        """Suspect nobody."""
        self._found: dict[Peer, Suspect] = {}

    def look(self, readers: list[Waiting], now_s: float) -> int:
        """End the connections behind overdue readers; return how many."""
        late = [one for one in readers if now_s - one.since_s > GRACE_S]
        if not late:
            self._found.clear()
            return 0
        limit_s = CROWDED_S if len(late) > READERS_MAX // 2 else DEADLINE_S
        overdue = [one for one in late if now_s - one.since_s > limit_s]
        for one in overdue:
            one.is_overdue = True
        self._note(late, now_s)
        stuck = [one for one in overdue if now_s - one.tried_s > AGAIN_S]
        chosen = self._choose(stuck, now_s - limit_s + GRACE_S + TICK_S)
        for one in stuck:
            if one.address in {address for address, _ in chosen}:
                one.tried_s = now_s
        for connection, peer in _connections(overdue) if chosen else ():
            if peer in chosen:
                _hang_up(connection)
        if chosen:
            log.warning("slow senders cut off", n=len(chosen), within_s=limit_s)
        return len(chosen)

    def _note(self, late: list[Waiting], now_s: float) -> None:
        """Note the connections; one that was once seen idle is the least suspect."""
        seen: dict[Peer, Suspect] = {}
        for connection, peer in _connections(late):
            silence = _silence(connection)
            known = self._found.get(peer)
            if known is None or silence.sent_s < now_s - known.since_s - CLOCK_S:
                seen[peer] = Suspect(now_s, silence.rank)
            else:
                seen[peer] = Suspect(known.since_s, max(known.rank, silence.rank))
        self._found = seen

    def _choose(self, overdue: list[Waiting], before_s: float) -> set[Peer]:
        """Return the likeliest, no more of an address than it has readers to free."""
        left = Counter(one.address for one in overdue)
        chosen: set[Peer] = set()
        ranked = sorted(
            self._found.items(), key=lambda item: (item[1].rank, item[1].since_s)
        )
        for peer, suspect in ranked:
            if suspect.since_s <= before_s and left[peer[0]] > 0:
                left[peer[0]] -= 1
                chosen.add(peer)
        return chosen


def _connections(readers: list[Waiting]) -> Iterator[tuple[socket.socket, Peer]]:
    """Give this process's connections from the addresses of readers to their port."""
    places = {(one.address, one.port) for one in readers}
    for file in list(Path(_FILES).iterdir()):
        with _as_socket(int(file.name)) as connection:
            if connection is None:
                continue
            try:
                peer, own = connection.getpeername(), connection.getsockname()
            except OSError:  # listens, or is gone
                continue
            if (str(peer[0]), str(own[1])) in places:
                yield connection, (str(peer[0]), int(peer[1]))


@contextmanager
def _as_socket(file: int) -> Iterator[socket.socket | None]:
    """Give a socket of our own on an open file; None if the file is none of TCP."""
    copy = None
    with suppress(OSError):
        if stat.S_ISSOCK(os.fstat(file).st_mode):
            copy = socket.socket(fileno=os.dup(file))
    try:
        is_tcp = copy is not None and copy.family in {socket.AF_INET, socket.AF_INET6}
        yield copy if is_tcp else None
    finally:
        if copy is not None:
            copy.close()


def _hang_up(connection: socket.socket) -> None:
    """Say why, then end the connection; its thread finds the body cut off.

    Said here, since the server answers nothing on a connection it sees ended.
    """
    with suppress(OSError):  # gone by itself meanwhile
        connection.send(_FAREWELL, socket.MSG_DONTWAIT)
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _silence(connection: socket.socket) -> Silence:
    level, name = socket.IPPROTO_TCP, socket.TCP_INFO
    told = connection.getsockopt(level, name, _TCP_INFO.size)
    sent_ms, received_ms, n_bytes_sent = _TCP_INFO.unpack(told)
    return Silence(sent_ms / _MS, received_ms / _MS, n_bytes_sent)
