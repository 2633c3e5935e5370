"""The way in: bodies first, then webhooks past Flask and all else through it.

A no-op route of Flask costs as much CPU as verifying, reading and sealing an order
together; what is left out here is what a webhook never uses.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import Any

from forwarder.web.bodies import REFUSALS, has_body, read_body
from forwarder.web.desk import WebDesk
from forwarder.web.headers import strict
from forwarder.web.hooks import CROWDED, Reply, later, refusal_of, take_in
from forwarder.web.turns import Crowded, Turns

PREFIX = "/hooks/"
StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
_STATUSES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Shortcut:
    """A WSGI application that takes webhooks itself and gives all else to Flask.

    What it answers is what the route of Flask answers: both call `take_in`. Many
    threads may wait for bodies or for the database here; only `n_at_once` read.
    Who waits for that longer than a second is told to come again.
    """

    def __init__(self, flask: Wsgi, desk: WebDesk, n_at_once: int) -> None:
        """Stand in front of `flask`."""
        self._flask = flask
        self._desk = desk
        self._headers = list(strict(desk.public_url).items())
        self._turn = Turns(n_at_once)

    def __call__(
        self, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer `POST /hooks/<endpoint>` and `/hooks/<endpoint>/<secret>`."""
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] != "POST" or not path.startswith(PREFIX):
            return self._through_flask(environ, start_response)
        endpoint, slash, secret = path.removeprefix(PREFIX).partition("/")
        if not endpoint or "/" in secret or (slash and not secret):
            return self._through_flask(environ, start_response)
        reply = take_in(self._desk, endpoint, secret, environ, self._turn)
        return self._answered(reply, start_response)

    def _through_flask(
        self, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """Let Flask answer, with a body that is here already."""
        if has_body(environ):
            try:
                body = read_body(environ)
            except tuple(REFUSALS) as refusal:
                return self._answered(refusal_of(refusal), start_response)
            environ["wsgi.input"] = BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
            environ.pop("HTTP_TRANSFER_ENCODING", None)
        try:
            with self._turn:
                return self._flask(environ, start_response)
        except Crowded:
            return self._answered(later(CROWDED), start_response)

    def _answered(self, reply: Reply, start_response: StartResponse) -> Iterable[bytes]:
        start_response(_STATUSES[reply.status], reply.headers() + self._headers)
        return [reply.body]
