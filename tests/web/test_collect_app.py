"""The mirror in the whole application: from a browser's post to a row that counts."""

import time
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from config.settings import load
from forwarder import app as door
from forwarder.sources import SOURCES
from forwarder.store import mirror
from forwarder.web.desk import EXTENSION
from tests.web.collector import SHOP
from tests.web.test_collect import ADDRESS, AGENT, TOLD
from tests.web.test_rules import SETTINGS

DAY = timedelta(days=1)


def test_a_post_becomes_a_row_and_nothing_of_the_browser_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "forwarder.toml"
    file.write_text(f'{SETTINGS}\n[collect]\nallowed_origins = ["{SHOP}"]\n')
    monkeypatch.setattr(door.telemetry, "setup", lambda *_: None)
    monkeypatch.setattr(door.slow, "watch", lambda: None)
    made = door.create_app(load({}, file, sources=SOURCES))
    store = made.extensions[EXTENSION].store
    answer = made.test_client().post(
        "/collect",
        data=orjson.dumps(TOLD),
        headers={"Origin": SHOP, "User-Agent": AGENT},
        environ_base={"REMOTE_ADDR": ADDRESS},
    )
    now = store.now()
    found = mirror.cells(store, ["my-shop"], now - DAY, now + DAY)
    deadline = time.monotonic() + 10
    while not found and time.monotonic() < deadline:
        time.sleep(0.05)
        found = mirror.cells(store, ["my-shop"], now - DAY, now + DAY)

    assert 204 == answer.status_code
    assert [("checkout", "android", "blocked", 1)] == [
        (one.kind.value, one.device.value, one.tag.value, one.n) for one in found
    ]
    store.close()
    kept = b"".join(one.read_bytes() for one in tmp_path.glob("**/*.db*"))
    assert b"1001" in kept
    assert ADDRESS.encode() not in kept
    assert b"Android 16" not in kept
