"""The worker's round: clicks in, then the orders they led to."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from forwarder.clicks import spool
from forwarder.store import clicks, links
from forwarder.wiring import Wired
from tests.clicks.following import a_link
from tests.clicks.test_join import bought, clicked, joined, ring
from tests.store.shop import take
from workers import clicks as work
from workers import state


def test_orders_find_their_clicks_whatever_the_files_hold(
    wired: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "wired", lambda: wired)
    monkeypatch.setattr(work, "joining", state.Every(timedelta(0)))
    store = wired.store
    now = store.now()
    token = ring(store).mint(os.urandom(16))
    links.add(store, a_link(), now)
    clicks.keep(store, [clicked(store, 1, token, at=now - timedelta(hours=1))])
    take(store, replace(bought(1, token), occurred_at=now), at=now)
    monkeypatch.setattr(spool, "take_in", lambda *_: 1 / 0)
    with capture_logs() as lines:
        work.import_clicks()

    assert ["clicks not imported", "clicks joined"] == [one["event"] for one in lines]
    assert {"1": (1, "spring")} == joined(store)
