from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import load
from forwarder.store.migrate import upgrade
from forwarder.wiring import Wired, wire
from tests.pipeline.conftest import KEY
from workers import state, tasks

SETTINGS = f"""
[service]
data_keys = ["{KEY}"]
keep_person_h = 1
[destinations.main]
platform = "pinterest"
ad_account_id = "549755885175"
token = "no-real-token"
base_url = "http://127.0.0.1:9/v5"
[endpoints.my-shop]
source = "stripe"
secrets = ["whsec_made_up_for_tests"]
destination = "main"
"""


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    file = tmp_path / "forwarder.toml"
    file.write_text(SETTINGS)
    return file


@pytest.fixture
def wired(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wired]:
    """An installation whose platform listens nowhere, known to the tasks."""
    made = wire(load({}, settings_file), "worker")
    upgrade(made.store)
    monkeypatch.setattr(tasks, "wired", lambda: made)
    monkeypatch.setattr(tasks, "turns", state.Turns())
    monkeypatch.setattr(tasks, "seen", state.Every(tasks.seen._period))  # noqa: SLF001
    yield made
    made.store.close()
