"""A strict fake Pinterest: takes conversions, checks them, fails on request.

It shares no code with the sender it examines and reads Pinterest's contract by
itself. Run it with `forwarder sandbox`, or from a test:

    server = make_sandbox_server(SandboxOptions(), "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever).start()
    base_url = f"http://127.0.0.1:{server.port}/v5"
"""

import time
from collections.abc import Callable

from flask import Flask, Response
from werkzeug.exceptions import MethodNotAllowed, NotFound

from forwarder.sandbox.box import Box, to_response
from forwarder.sandbox.control import control_routes
from forwarder.sandbox.events import events_routes
from forwarder.sandbox.options import SandboxOptions
from forwarder.sandbox.organic import organic_routes
from forwarder.sandbox.quality import quality_routes
from forwarder.sandbox.replies import error, plain_error
from forwarder.sandbox.reporting import reporting_routes
from forwarder.sandbox.server import SandboxServer

__all__ = [
    "SandboxOptions",
    "SandboxServer",
    "create_sandbox",
    "make_sandbox_server",
    "serve_sandbox",
]


def create_sandbox(
    options: SandboxOptions,
    clock: Callable[[], float] = time.time,  # noqa: TID251 - a server is its own door
) -> Flask:
    """Return a fresh sandbox as a WSGI application.

    Units: `clock` gives epoch seconds.
    """
    app = Flask(__name__, static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    box = Box(options, clock)
    app.register_blueprint(control_routes(box))
    app.register_blueprint(events_routes(box))
    app.register_blueprint(reporting_routes(box))
    app.register_blueprint(quality_routes(box))
    app.register_blueprint(organic_routes(box))

    def not_found(_: NotFound) -> Response:
        return to_response(error(404, 11, "API method not found."), box)

    def wrong_method(_: MethodNotAllowed) -> Response:
        return to_response(plain_error(405), box)

    app.register_error_handler(NotFound, not_found)
    app.register_error_handler(MethodNotAllowed, wrong_method)
    return app


def make_sandbox_server(options: SandboxOptions, host: str, port: int) -> SandboxServer:
    """Return a listening server; run it with `serve_forever`, end with `shutdown`."""
    return SandboxServer(create_sandbox(options), host, port)


def serve_sandbox(options: SandboxOptions, host: str, port: int) -> None:
    """Serve a fresh sandbox until interrupted. Prints nothing per request."""
    make_sandbox_server(options, host, port).serve_forever()
