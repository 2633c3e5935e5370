"""Applications that are lent and used again.

Routes and templates take a fifth of a second to compile, more than most tests take.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from forwarder.web.console import console
from forwarder.web.desk import EXTENSION, WebDesk
from forwarder.web.hooks import hooks

_spare: list[Flask] = []


@contextmanager
def console_app(desk: WebDesk) -> Iterator[Flask]:
    """Lend a console that nobody else has, with nothing left of who had it before."""
    app = _spare.pop() if _spare else _console()
    config = dict(app.config)
    app.secret_key = desk.store.sealer.secret("console sessions")
    app.extensions[EXTENSION] = desk
    yield app
    app.config.clear()
    app.config.update(config)
    del app.extensions[EXTENSION]
    _spare.append(app)


def _console() -> Flask:
    app = Flask("forwarder.web")
    app.register_blueprint(hooks)  # it answers for addresses that are nobody's
    app.register_blueprint(console)
    return app
