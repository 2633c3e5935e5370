"""One request to Pinterest and nothing else: no redirect, no cookie, no proxy."""

from collections.abc import Callable, Sequence
from typing import Final

from requests import PreparedRequest, Request, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import (
    ConnectTimeout,
    ProxyError,
    RequestException,
    SSLError,
)
from urllib3.exceptions import HTTPError, MaxRetryError

from forwarder import __version__
from forwarder.core.delivery import Deferred
from forwarder.destinations.pinterest.replies import FLOOR_S, Reply
from forwarder.destinations.pinterest.settings import PinterestSettings

_BASE_REPLY_BYTES: Final = 64 * 1024
_REPLY_BYTES_PER_EVENT: Final = 2 * 1024  # a status and two messages
_WHOLE_ANSWER: Final = 1.5  # of the read time-out: a call ends within a lease
_PIECE_BYTES: Final = 64 * 1024
_NOT_SENT: Final = (ConnectTimeout, SSLError, ProxyError)
_POOL_CONNECTIONS: Final = 32  # kept open at once; more threads still get through


class Caller:
    """Posts batches for one ad account. Safe to use from several threads.

    Requests' adapter alone: a session would follow redirects by half (it reads their
    whole body), keep cookies and look into the environment.
    """

    def __init__(self, settings: PinterestSettings, clock: Callable[[], float]) -> None:
        """Keep connections open for as long as this lives."""
        self._settings = settings
        self._clock = clock
        self._adapter = HTTPAdapter(pool_maxsize=_POOL_CONNECTIONS, max_retries=0)

    def post(self, events: Sequence[bytes], *, is_test: bool) -> Reply | Deferred:
        """Return what was answered, or why there is no answer. Never raises for that.

        Limits: the read time-out holds for each piece, half as much again for the whole
        answer; 64 KiB and 2 KiB per event are read of it.
        """
        settings = self._settings
        request = self._request(events, is_test=is_test)
        until = self._clock() + _WHOLE_ANSWER * settings.read_timeout_s
        limits_s = (settings.connect_timeout_s, settings.read_timeout_s)
        try:
            response = self._adapter.send(request, stream=True, timeout=limits_s)
        except (RequestException, HTTPError, OSError) as fault:
            return _unanswered(fault)
        try:
            return self._reply(response, len(events), until)
        except (HTTPError, OSError) as fault:
            return _lost(fault)
        finally:
            response.close()

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._adapter.close()

    def _request(self, events: Sequence[bytes], *, is_test: bool) -> PreparedRequest:
        """Return the request; the events go in as they are, byte for byte."""
        return Request(
            "POST",
            self._settings.events_url(is_test=is_test),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",  # no bomb to unpack
                "Authorization": f"Bearer {self._settings.token}",
                "Content-Type": "application/json",
                "User-Agent": f"pin-forwarder/{__version__}",
            },
            data=b'{"data":[' + b",".join(events) + b"]}",
        ).prepare()

    def _reply(self, response: Response, n_events: int, until: float) -> Reply:
        most = _BASE_REPLY_BYTES + _REPLY_BYTES_PER_EVENT * n_events
        pieces: list[bytes] = []
        n_bytes = 0
        while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
            pieces.append(piece)
            n_bytes += len(piece)
            if n_bytes > most:
                break  # what is cut is no JSON any more and so no answer
            if self._clock() > until:
                raise TimeoutError("slow answer")
        return Reply(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=b"".join(pieces),
        )


def _unanswered(fault: Exception) -> Deferred:
    """Return if the request never left, or left and was not answered."""
    reason = fault.args[0] if fault.args else None
    # A failed connect is wrapped as "too many tries"; a reset after it is not.
    if isinstance(fault, _NOT_SENT) or isinstance(reason, MaxRetryError):
        return Deferred("network", _told(fault))
    return _lost(fault)


def _lost(fault: Exception) -> Deferred:
    return Deferred("answer_lost", _told(fault), retry_after_s=FLOOR_S)


def _told(fault: Exception) -> str:
    """Return the kind of the fault: its text holds addresses."""
    inner = fault.args[0] if fault.args else None
    cause = inner.reason if isinstance(inner, MaxRetryError) else inner
    names = [type(one).__name__ for one in (fault, cause) if isinstance(one, Exception)]
    return ": ".join(names)
