"""Too many at once are told to come again; nobody is dropped, nobody waits for ever."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from forwarder.core.tally import tally
from forwarder.store import open_store
from forwarder.store.migrate import upgrade
from forwarder.web import turns
from forwarder.web.desk import EXTENSION
from forwarder.web.shortcut import Shortcut
from forwarder.web.turns import Turns
from tests.web.console_desk import DATA_KEY
from tests.web.doors import Doors, an_order


@pytest.fixture
def doors(sqlite_url: str) -> Iterator[Doors]:
    store = open_store(sqlite_url, [DATA_KEY], "web")
    upgrade(store)
    yield Doors(store)
    store.close()


SHED = ("forwarder_webhooks_received_total", ("shopify", "overload"))


@pytest.mark.parametrize("path", ["/hooks/shopify", "/api/v1/events"])
def test_who_gets_no_turn_is_told_to_come_again(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(turns, "WAIT_S", 0.01)
    taken = Turns(1)
    shortcut = Shortcut(doors.app.wsgi_app, doors.app.extensions[EXTENSION], 1)
    monkeypatch.setattr(shortcut, "_turn", taken)
    monkeypatch.setattr(doors.app, "wsgi_app", shortcut)
    client = FlaskClient(doors.app)
    order, before = an_order(), tally.uncounted().get(SHED, 0)
    with taken:
        shed = client.post(path, data=order.body, headers=dict(order.headers))
    after = client.post(path, data=order.body, headers=dict(order.headers))

    assert (503, "30") == (shed.status_code, shed.headers["Retry-After"])
    assert {"error": "too many requests at once, send it again"} == shed.json
    assert 503 != after.status_code
    n_shed = tally.uncounted().get(SHED, 0) - before
    assert (path == "/hooks/shopify") == bool(n_shed)
