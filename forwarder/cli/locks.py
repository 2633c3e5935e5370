"""Who may serve: one process per data folder, per database file, per port."""

import fcntl
import os
import socket
from pathlib import Path
from typing import IO


class Busy(Exception):
    """Another process serves there already: stop that one first, or go elsewhere."""


def hold(path: Path, what: str) -> IO[str]:
    """Return the open lock file; the lock ends with it, or with the process.

    Raises: Busy, naming the process that holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read()
        file.close()
        raise Busy(f"{what} is served already by process {holder}") from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def is_held(path: Path) -> bool:
    """Say whether somebody holds this lock right now."""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def check_port(host: str, port: int) -> None:
    """Return if the port is free: the web server would share it without a word.

    Raises: Busy.
    """
    try:
        with socket.create_server((host, port)):
            return
    except OSError as error:
        raise Busy(
            f"port {port} on {host} is taken: choose another with --port"
        ) from error


def free_port(host: str) -> int:
    """Return a port that nobody listens on right now."""
    with socket.create_server((host, 0)) as server:
        port: int = server.getsockname()[1]
    return port
