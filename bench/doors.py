"""`python -m bench.doors NAME PORT`: what the product's door is compared with.

Each is served as `forwarder web` serves itself: Granian, one process, as many threads.
"""

import hmac
import os
import sys
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
from celery import Celery
from flask import Flask, Response, request
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from bench.orders import SECRET
from config.service import Service
from forwarder.app import create_app
from forwarder.cli.roles import BACKLOG
from forwarder.store import Store
from forwarder.store.writer import StoreDown, Work
from forwarder.web.desk import EXTENSION
from forwarder.web.shortcut import Shortcut
from forwarder.web.slow import READERS_MAX

REDIS_URL: Final = "BENCH_REDIS_URL"
N_AT_ONCE: Final = Service().web_threads


def no_op() -> Flask:
    """Answer, and do nothing: what the framework itself costs."""
    app = Flask("bench.no_op")

    @app.post("/hooks/<endpoint>")
    def take(endpoint: str) -> Response:
        del endpoint
        return Response(b'{"ok":true}', mimetype="application/json")

    @app.get("/go/<slug>")
    def lead(slug: str) -> Response:
        del slug
        return Response(status=302, headers={"Location": "https://shop.example.com/"})

    return app


def delaying() -> Flask:
    """Verify, then put the body into Redis as a Celery task: the usual way."""
    app = Flask("bench.delaying")
    celery = Celery("bench", broker=os.environ[REDIS_URL])
    celery.conf.task_ignore_result = True

    @celery.task(name="forward")  # type: ignore[untyped-decorator]
    def forward(body: str) -> None:
        """Say nothing: no worker runs beside this door."""
        del body

    @app.post("/hooks/<endpoint>")
    def take(endpoint: str) -> Response:
        del endpoint
        body = request.get_data()
        wanted = b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
        told = request.headers.get("X-Shopify-Hmac-Sha256", "")
        if not hmac.compare_digest(wanted, told):
            return Response(b'{"error":"forged"}', 401, mimetype="application/json")
        forward.delay(body.decode())
        return Response(b'{"ok":true}', mimetype="application/json")

    return app


class EachCommits(Store):
    """A store in which every request opens and commits a transaction of its own."""

    def commit(self, work: Work[Any]) -> Any:  # noqa: ANN401  whatever the work gives
        try:
            with self.write() as connection:
                return work(connection)
        except sa.exc.SQLAlchemyError as error:
            raise StoreDown("the database did not take the write") from error


def committing_each() -> Flask:
    """Serve the product with one SQLite transaction per request."""
    app = create_app()
    desk = app.extensions[EXTENSION]
    store = EachCommits(desk.store.engine, desk.store.sealer)
    other = app.extensions[EXTENSION] = replace(desk, store=store)
    app.wsgi_app = Shortcut(app.wsgi_app, other, N_AT_ONCE)  # type: ignore[method-assign]
    return app


DOORS: Final[Mapping[str, Callable[[], Flask]]] = {
    "no_op": no_op,
    "delaying": delaying,
    "committing_each": committing_each,
}


def serve(name: str, port: int) -> None:
    Granian(
        f"bench.doors:{DOORS[name].__name__}",
        factory=True,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=READERS_MAX,
        backlog=BACKLOG,
        log_access=False,
        log_level=LogLevels.error,
    ).serve()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
