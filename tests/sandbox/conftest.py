"""Sandboxes with a clock that stands still, and real ones on a loopback port."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Thread
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forwarder.sandbox import (
    SandboxOptions,
    SandboxServer,
    create_sandbox,
    make_sandbox_server,
)
from tests.sandbox.samples import BEARER, EVENTS_URL, Clock, a_batch


class Caller:
    """A caller of one sandbox that always brings its token."""

    def __init__(self, client: FlaskClient, clock: Clock) -> None:
        self.client = client
        self.clock = clock

    def send(self, *events: object, query: str = "", **more: object) -> TestResponse:
        headers = more.pop("headers", BEARER)
        url = EVENTS_URL + query
        return self.client.post(url, json=a_batch(*events), headers=headers, **more)

    def get(self, url: str, **query: object) -> TestResponse:
        return self.client.get(url, query_string=query, headers=BEARER)

    def ledger(self) -> dict[str, Any]:
        return self.client.get("/_sandbox/ledger").get_json()

    def order(self, *faults: object) -> TestResponse:
        return self.client.post("/_sandbox/faults", json=list(faults))


@pytest.fixture
def call() -> Callable[..., Caller]:
    """Return a function that opens a sandbox with the given options."""

    def opened(**options: object) -> Caller:
        clock = Clock()
        app = create_sandbox(SandboxOptions(**options), clock)
        return Caller(app.test_client(), clock)

    return opened


@pytest.fixture
def serve() -> Iterator[Callable[..., SandboxServer]]:
    """Return a function that serves a sandbox on a free loopback port."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(_serving(**options))


@contextmanager
def _serving(**options: object) -> Iterator[SandboxServer]:
    server = make_sandbox_server(SandboxOptions(**options), "127.0.0.1", 0)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(5)
