"""Webhooks past Flask: routing, context and session of a page are not for them.

A no-op route of Flask costs as much CPU as verifying, reading and sealing an order
together; what is left out here is what a webhook never uses.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from forwarder.web.desk import WebDesk
from forwarder.web.hooks import take_in

PREFIX = "/hooks/"
StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
_STATUSES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Shortcut:
    """A WSGI application that takes webhooks itself and gives all else to Flask.

    What it answers is what the route of Flask answers: both call `take_in`.
    """

    def __init__(self, flask: Wsgi, desk: WebDesk) -> None:
        """Stand in front of `flask`."""
        self._flask = flask
        self._desk = desk

    def __call__(
        self, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer `POST /hooks/<endpoint>` and `/hooks/<endpoint>/<secret>`."""
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] != "POST" or not path.startswith(PREFIX):
            return self._flask(environ, start_response)
        endpoint, slash, secret = path.removeprefix(PREFIX).partition("/")
        if not endpoint or "/" in secret or (slash and not secret):
            return self._flask(environ, start_response)
        reply = take_in(self._desk, endpoint, secret, environ)
        start_response(_STATUSES[reply.status], reply.headers())
        return [reply.body]
