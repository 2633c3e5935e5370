"""A server for the sandbox that can really break a connection."""

from typing import Any

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler


class _Handler(WSGIRequestHandler):
    # Head and body leave in two writes; without this the second one waits 40 ms for
    # the client's acknowledgement.
    disable_nagle_algorithm = True

    def connection_dropped(
        self, error: BaseException, environ: dict[str, Any] | None = None
    ) -> None:
        """Hang up: without an answer's head nothing else would end the connection."""
        del error, environ
        self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401
        """Say nothing per request: a query may hold a token."""


class SandboxServer(ThreadedWSGIServer):
    """One thread per connection; a connection that a fault cuts ends in a reset."""

    daemon_threads = True
    block_on_close = False  # a hanging call must not hold up the end

    def __init__(self, app: Flask, host: str, port: int) -> None:
        """Listen on `host` and `port`; port 0 takes a free one, see `port`."""
        super().__init__(host, port, app, handler=_Handler)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - a socket
        """Close without the polite half-close, which would turn a reset into an end."""
        self.close_request(request)
