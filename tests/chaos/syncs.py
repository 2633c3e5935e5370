"""Stand between a process and its disk: know what was synced, let a sync fail.

The kernel (seccomp) reports each fsync and fdatasync to a process of ours before it
happens. That copies the file as it is then: those copies are what a disk holds
when the power goes, if it holds nothing that nobody asked it to confirm. Or it has the
call fail. Linux only; processes that it starts report to the same one.
"""

import ctypes
import errno
import fcntl
import os
import platform
import select
import socket
import struct
from contextlib import suppress
from pathlib import Path

FOLDER = "CHAOS_SYNCS"
ORDER = "fail"  # a file with numbers of processes whose syncs fail
COPIES = "synced"
PREFIX = "forwarder.db"  # what is looked at: the database and its log
SYSTEMS = {"x86_64": (317, 74, 75), "aarch64": (277, 82, 83)}
NO_NEW_PRIVILEGES = 38
FILTER_MODE = 1
NEW_LISTENER = 8
ALLOW, REPORT = 0x7FFF0000, 0x7FC00000
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
RECEIVE, SEND = 0xC0502100, 0xC0182101
CARRY_ON = 1
NOTICE = struct.Struct("=QII iIQ 6Q")  # id, pid, flags; number, machine, place, words
ANSWER = struct.Struct("=QqiI")


class Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class Program(ctypes.Structure):
    _fields_ = (
        ("n", ctypes.c_ushort),
        ("first", ctypes.POINTER(Instruction)),
    )


def is_possible() -> bool:
    """Say whether this machine can do it at all."""
    return platform.system() == "Linux" and platform.machine() in SYSTEMS


def begin() -> None:
    """Report every sync of this process from now on, if the environment asks for it."""
    folder = os.environ.get(FOLDER)
    if folder is None or not is_possible():
        return
    (Path(folder) / COPIES).mkdir(exist_ok=True)
    ours, theirs = socket.socketpair()
    listener = os.fork()
    if listener == 0:  # before the filter, which holds for all that begins later
        ours.close()
        _listen(theirs, Path(folder))
        os._exit(0)
    theirs.close()
    found = _install(*SYSTEMS[platform.machine()])
    if found >= 0:
        socket.send_fds(ours, [b"listen"], [found])
        os.close(found)
        ours.close()
    else:  # whoever started us listens already
        ours.close()
        os.waitpid(listener, 0)


def _install(seccomp: int, *syncs: int) -> int:
    """Return the line on which syncs are reported; negative where one is there."""
    first, second = syncs
    steps = (
        (LOAD_WORD, 0, 0, 0),
        (JUMP_IF_EQUAL, 1, 0, first),
        (JUMP_IF_EQUAL, 0, 1, second),
        (RETURN, 0, 0, REPORT),
        (RETURN, 0, 0, ALLOW),
    )
    filters = (Instruction * len(steps))(*(Instruction(*step) for step in steps))
    program = Program(len(steps), filters)
    kernel = ctypes.CDLL(None, use_errno=True)
    kernel.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    found: int = kernel.syscall(
        seccomp, FILTER_MODE, NEW_LISTENER, ctypes.byref(program)
    )
    return found


def _listen(line: socket.socket, folder: Path) -> None:
    """Answer until the last of those is gone that report to us."""
    _, found, _, _ = socket.recv_fds(line, 6, 1)
    if not found:
        return
    [listener] = found
    events = select.poll()
    events.register(listener, select.POLLIN)
    while True:
        [(_, what)] = events.poll()
        if what & select.POLLHUP:
            return
        _answer(listener, folder)


def _answer(listener: int, folder: Path) -> None:
    notice = bytearray(NOTICE.size)
    with suppress(OSError):  # who asked is gone
        fcntl.ioctl(listener, RECEIVE, notice)
        number, pid, _, _, _, _, descriptor, *_ = NOTICE.unpack(notice)
        failed = _sync(folder, pid, descriptor)
        told = (number, 0, -failed, 0) if failed else (number, 0, 0, CARRY_ON)
        fcntl.ioctl(listener, SEND, ANSWER.pack(*told))


def _sync(folder: Path, pid: int, descriptor: int) -> int:
    """Copy the file that is about to be synced; return an error to fail with, or 0."""
    try:
        file = Path(f"/proc/{pid}/fd/{descriptor}").readlink()
        if not file.name.startswith(PREFIX):
            return 0
        if _process_of(pid) in _to_fail(folder):
            return errno.EIO
        copy = folder / COPIES / file.name
        draft = copy.with_name(f"{file.name}.draft")
        draft.write_bytes(file.read_bytes())
        draft.replace(copy)
        for other in copy.parent.iterdir():
            if not (file.parent / other.name).exists():
                other.unlink()  # a journal that is over: it would be played back
    except FileNotFoundError:
        return 0  # it has ended meanwhile
    return 0


def _process_of(thread: int) -> int:
    text = Path(f"/proc/{thread}/status").read_text(encoding="ascii", errors="replace")
    return int(text.partition("Tgid:")[2].split()[0])


def _to_fail(folder: Path) -> set[int]:
    with suppress(FileNotFoundError):
        return {int(one) for one in (folder / ORDER).read_text().split()}
    return set()
