"""The mirror's two routes over a queue that a test reads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread

from flask import Flask
from werkzeug.serving import make_server

from forwarder.core.mirror import MirrorEvent
from forwarder.web.collect import Collect, collect_routes
from tests.web.console_desk import Clock

SHOP = "https://shop.example.com"


@dataclass
class Collector:
    """An application that takes what browsers tell, and what it took."""

    origins: frozenset[str] = frozenset({SHOP})
    per_address: int = 60
    per_minute: int = 600
    has_room: bool = True
    clock: Clock = field(default_factory=Clock)
    taken: list[MirrorEvent] = field(default_factory=list)

    def app(self) -> Flask:
        made = Flask("forwarder.web")
        made.register_blueprint(
            collect_routes(
                Collect(
                    endpoints=frozenset({"my-shop"}),
                    origins=self.origins,
                    per_address=self.per_address,
                    per_minute=self.per_minute,
                    put=self.put,
                    clock=self.clock,
                )
            )
        )
        return made

    def put(self, event: MirrorEvent) -> bool:
        self.taken.append(event)
        return self.has_room


@contextmanager
def served(app: Callable[..., object]) -> Iterator[str]:
    """Serve an application on a loopback port; give its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)  # type: ignore[arg-type]
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
