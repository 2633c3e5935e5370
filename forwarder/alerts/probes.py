"""Look at ourselves from outside: the public address, its certificate, the clock."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import requests

from forwarder import decode, outside
from forwarder.core.event import Unreadable

TIMEOUT_S: Final = (5.0, 10.0)
ANSWER_BYTES: Final = 4 * 1024
_HTTP_DATE: Final = "%a, %d %b %Y %H:%M:%S GMT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the public address looks like from here. `fault` is empty when all is well.

    `certificate_left` is None where there is none, or it was not seen.
    """

    fault: str = ""
    certificate_left: timedelta | None = None


def look_at(
    public_url: str, instance: str, session: requests.Session, now: datetime
) -> Seen:
    """Ask our own address whether it leads to us. Never raises for the network."""
    try:
        with session.get(
            f"{public_url}/healthz", timeout=TIMEOUT_S, stream=True
        ) as reply:
            left = _certificate_left(reply, now)
            return Seen(fault=_answer_fault(reply, instance), certificate_left=left)
    except outside.Unsafe as unsafe:
        return Seen(fault=str(unsafe))
    except requests.exceptions.SSLError as fault:
        ended = "certificate has expired" in str(fault)
        left = timedelta(0) if ended else None
        word = "its certificate has ended" if ended else "its certificate is not valid"
        return Seen(fault=word, certificate_left=left)
    except requests.RequestException as fault:
        return Seen(fault=f"no answer ({type(fault).__name__})")


def _certificate_left(reply: requests.Response, now: datetime) -> timedelta | None:
    """Return how long the certificate of this connection is still good."""
    sock = _socket(reply.raw)
    told = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
    until = None if told is None else told.get("notAfter")
    if not isinstance(until, str):
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC) - now


def _socket(raw: Any) -> object:  # noqa: ANN401  no library promises this
    """Return the socket of an answer; where it ends the connection, of its body."""
    for path in ("connection.sock", "_fp.fp.raw.brings._sock"):
        found = raw
        for name in path.split("."):
            found = getattr(found, name, None)
        if found is not None:
            return found
    return None


def _answer_fault(reply: requests.Response, instance: str) -> str:
    body = outside.body(reply, ANSWER_BYTES)
    try:
        told = decode.read_object(b"" if body is None else body)
    except Unreadable:
        return f"something else answers there (HTTP {reply.status_code})"
    if told.get("instance") == instance:
        return ""
    if "instance" in told:
        return "another installation of the forwarder answers there"
    return f"something else answers there (HTTP {reply.status_code})"


def skew_s(base_url: str, session: requests.Session, now: datetime) -> float | None:
    """Return our time less the platform's; None when it does not tell.

    Sends nothing but the question. Limits: the platform tells whole seconds.
    """
    try:
        with session.head(base_url, timeout=TIMEOUT_S) as reply:
            return date_skew_s(reply.headers.get("Date", ""), now)
    except requests.RequestException:
        return None


def date_skew_s(date: str, now: datetime) -> float | None:
    """Return our time less that of a Date header; None when it can not be read."""
    try:
        theirs = datetime.strptime(date, _HTTP_DATE).replace(tzinfo=UTC)
    except ValueError:
        return None
    return (now - theirs).total_seconds()
