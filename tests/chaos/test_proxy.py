"""The faults of the proxy are the faults they are called: else they prove nothing."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from threading import Thread
from time import monotonic

import pytest

from tests.chaos.proxy import Proxy, proxy_before

SOON_S = 0.3


def _echo(door: socket.socket) -> None:
    while True:
        try:
            line, _ = door.accept()
        except OSError:
            return
        Thread(target=_answer, args=[line], daemon=True).start()


def _answer(line: socket.socket) -> None:
    with line:
        while True:
            try:
                piece = line.recv(1024)
            except OSError:
                return
            if not piece:
                return
            line.sendall(piece.upper())


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        Thread(target=_echo, args=[door], daemon=True).start()
        with proxy_before(door.getsockname()[1]) as found:
            yield found
        door.shutdown(socket.SHUT_RDWR)


def line_to(proxy: Proxy) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
    line.settimeout(5)
    return line


def ask(line: socket.socket, text: bytes) -> bytes:
    line.sendall(text)
    return line.recv(1024)


def is_silent(line: socket.socket) -> bool:
    """Say whether nothing comes: no byte, no end, no reset."""
    line.settimeout(SOON_S)
    try:
        line.recv(1024)
    except TimeoutError:
        return True
    else:
        return False
    finally:
        line.settimeout(5)


def test_what_passes_passes_both_ways(proxy: Proxy) -> None:
    with closing(line_to(proxy)) as line:
        assert b"ONE" == ask(line, b"one")
        assert b"TWO" == ask(line, b"two")


def test_a_black_hole_is_silent_and_then_gives_everything_back(proxy: Proxy) -> None:
    with closing(line_to(proxy)) as line:
        ask(line, b"one")
        proxy.hold()
        line.sendall(b"two")
        was_silent = is_silent(line)
        with closing(line_to(proxy)) as late:  # a new line opens, and hears nothing
            late.sendall(b"three")
            late_was_silent = is_silent(late)
            proxy.heal()
            late_heard = late.recv(1024)
        heard = line.recv(1024)

    assert (True, True) == (was_silent, late_was_silent)
    assert (b"TWO", b"THREE") == (heard, late_heard)


@pytest.mark.parametrize("they_hear_an_end", [False, True])
def test_a_half_open_line_is_dead_for_good_and_a_new_one_well(
    proxy: Proxy,
    they_hear_an_end: bool,  # noqa: FBT001 - a case
) -> None:
    with closing(line_to(proxy)) as line, closing(line_to(proxy)) as fresh:
        ask(line, b"one")
        ask(fresh, b"one")
        fresh.close()
        proxy.deafen(they_hear_an_end=they_hear_an_end)
        proxy.heal()
        line.sendall(b"two")
        with closing(line_to(proxy)) as new:
            heard = ask(new, b"three")

        assert is_silent(line)
        assert b"THREE" == heard


def test_cut_lines_are_reset_and_new_ones_are_well(proxy: Proxy) -> None:
    with closing(line_to(proxy)) as line:
        ask(line, b"one")
        proxy.cut()
        with suppress(ConnectionError):
            ask(line, b"two")
        with pytest.raises(ConnectionError):
            ask(line, b"three")
    with closing(line_to(proxy)) as new:
        assert b"FOUR" == ask(new, b"four")


def test_refused_lines_end_at_once_until_it_is_healed(proxy: Proxy) -> None:
    with closing(line_to(proxy)) as line:
        ask(line, b"one")
        proxy.refuse()
    heard = b""
    with suppress(ConnectionError), closing(line_to(proxy)) as line:
        heard = ask(line, b"two")
    proxy.heal()
    with closing(line_to(proxy)) as line:
        assert (b"", b"THREE") == (heard, ask(line, b"three"))


def test_what_is_delayed_arrives_later(proxy: Proxy) -> None:
    with closing(line_to(proxy)) as line:
        ask(line, b"one")
        proxy.delay_s = SOON_S / 2
        started_s = monotonic()
        heard = ask(line, b"two")

    assert b"TWO" == heard
    assert monotonic() - started_s >= SOON_S
