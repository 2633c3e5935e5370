"""Request bodies: whole, not too large, and in time.

The server reads for us and a thread that waits for it can not be interrupted, so each
is noted while it waits. `forwarder.web.slow` ends the connections of the overdue ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import get_ident
from time import monotonic
from typing import Any, Final

from werkzeug.sansio.utils import get_content_length

BODY_MAX_BYTES: Final = 2 * 1024 * 1024

Environ = Mapping[str, Any]  # of WSGI


class CutOff(Exception):
    """The body ended before the length it told: the connection broke."""


class TooLarge(Exception):
    """The body is over 2 MiB; reading stopped there."""


class TooSlow(Exception):
    """The body took longer than `forwarder.web.slow` grants."""


class NoLength(Exception):
    """A chunked body that nothing vouches for: a cut one would look whole."""


REFUSALS: Final[Mapping[type[Exception], tuple[int, str]]] = {
    CutOff: (400, "the body is shorter than it said: send it again"),
    TooLarge: (413, f"the body is over {BODY_MAX_BYTES} bytes: send less at once"),
    TooSlow: (408, "the body came too slowly: send it again"),
    NoLength: (411, "send the body with its Content-Length, not in chunks"),
}


@dataclass(slots=True)
class Waiting:
    """A thread that waits for a body: since when, from whom, on which port.

    `tried_s` is when a connection was last ended to free it; 0 never.
    """

    since_s: float
    address: str
    port: str
    is_overdue: bool = False
    tried_s: float = 0.0


waiting: Final[dict[int, Waiting]] = {}  # by thread


def is_chunked(environ: Environ) -> bool:
    """Say whether the body does not tell its length."""
    return _length(environ) is None


def has_body(environ: Environ) -> bool:
    """Say whether there is a body to read."""
    return _length(environ) != 0


def read_body(environ: Environ) -> bytes:
    """Return the raw body. Raises: TooLarge, CutOff, TooSlow.

    Read from the server's own stream: Werkzeug's gives nothing for a chunked body,
    and parsing a form would eat the bytes that were signed.
    """
    length = _length(environ)
    if length is not None and length > BODY_MAX_BYTES:
        raise TooLarge
    data = _read(environ, BODY_MAX_BYTES + 1 if length is None else length)
    if len(data) > BODY_MAX_BYTES:
        raise TooLarge
    if length is not None and len(data) < length:
        raise CutOff
    return data


def _length(environ: Environ) -> int | None:
    """Return the length the headers tell; None when only the end will show it."""
    encoding = environ.get("HTTP_TRANSFER_ENCODING")
    length = get_content_length(environ.get("CONTENT_LENGTH"), encoding)
    has_none = not encoding and environ["SERVER_PROTOCOL"].startswith("HTTP/1")
    return 0 if length is None and has_none else length


def _read(environ: Environ, n_bytes: int) -> bytes:
    peer = environ.get("werkzeug.proxy_fix.orig", environ)
    reader = Waiting(monotonic(), peer.get("REMOTE_ADDR", ""), peer["SERVER_PORT"])
    waiting[get_ident()] = reader
    try:
        data: bytes = environ["wsgi.input"].read(n_bytes)
    finally:
        del waiting[get_ident()]
    if reader.is_overdue:
        raise TooSlow
    return data
