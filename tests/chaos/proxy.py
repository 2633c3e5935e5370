"""A small TCP proxy on loopback, in which lines go silent, dead, slow or to pieces."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import sleep

PIECE_BYTES = 65_536
RESET = struct.pack("ii", 1, 0)  # closing a socket that lingers 0 s sends a reset
CONNECT_S = 5.0


@dataclass(eq=False, slots=True)
class _Line:
    """One connection through the proxy. A deaf one swallows whatever is said."""

    ours: socket.socket
    theirs: socket.socket
    is_deaf: bool = False

    def cut(self) -> None:
        """Reset both ends; a plain `close` would wait for the reading thread."""
        for end in (self.ours, self.theirs):
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@dataclass(eq=False)
class Proxy:
    """Stands before a port. What is said while it holds arrives when it lets go."""

    target: int
    delay_s: float = 0.0
    refuses: bool = False
    _lines: list[_Line] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)
    _flows: Event = field(default_factory=Event)
    _is_over: bool = False

    def start(self) -> None:
        self._flows.set()
        self._door = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._door.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self._is_over = True
        self._flows.set()
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self.cut()

    # Faults

    def hold(self) -> None:
        """Be a black hole: lines stay open, new ones open, nothing comes through."""
        self._flows.clear()

    def deafen(self, *, they_hear_an_end: bool = False) -> None:
        """Make every open line half-open for good; new lines are well.

        With `they_hear_an_end` the other side sees its end closed, ours sees nothing.
        """
        with self._lock:
            for line in self._lines:
                line.is_deaf = True
                if they_hear_an_end:
                    with suppress(OSError):
                        line.theirs.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Reset every open line."""
        with self._lock:
            lines, self._lines = self._lines, []
        for line in lines:
            line.cut()

    def refuse(self) -> None:
        """Reset every line, and every new one at once."""
        self.refuses = True
        self.cut()

    def heal(self) -> None:
        """Let everything through again; what is deaf stays so."""
        self.refuses = False
        self.delay_s = 0.0
        self._flows.set()

    # At work

    def _accept(self) -> None:
        while not self._is_over:
            try:
                ours, _ = self._door.accept()
            except OSError:
                return
            Thread(target=self._open, args=[ours], daemon=True).start()

    def _open(self, ours: socket.socket) -> None:
        self._flows.wait()
        theirs = socket.socket()
        line = _Line(ours, theirs)
        try:
            theirs.settimeout(CONNECT_S)
            if self.refuses:
                raise ConnectionRefusedError
            theirs.connect(("127.0.0.1", self.target))
            theirs.settimeout(None)  # it would hold for reading too
        except OSError:
            line.cut()
            ours.close()
            theirs.close()
            return
        for end in (ours, theirs):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._lines.append(line)
        back = Thread(target=self._pump, args=[line, theirs, ours], daemon=True)
        back.start()
        self._pump(line, ours, theirs)
        back.join()
        ours.close()
        theirs.close()

    def _pump(self, line: _Line, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE_BYTES):
                self._flows.wait()
                if self.delay_s:
                    sleep(self.delay_s)
                if not line.is_deaf:
                    sink.sendall(piece)
        if not line.is_deaf:
            with suppress(OSError):
                sink.shutdown(socket.SHUT_WR)


@contextmanager
def proxy_before(port: int) -> Iterator[Proxy]:
    proxy = Proxy(port)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
