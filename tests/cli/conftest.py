from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from forwarder.cli import main
from forwarder.samples import TEST_SECRETS
from forwarder.store import Store, open_store
from forwarder.store.migrate import upgrade
from tests.servers import free_port

DATA_KEY = "a2V5LW9mLXRlc3RzLWtleS1vZi10ZXN0cy1rZXkuLi4="
SETTINGS = """
[service]
public_url = "https://events.example.com"
database_url = "{database_url}"
data_keys = ["{key}"]

[destinations.main]
platform = "pinterest"
ad_account_id = "549755885175"
token = "no-real-token"
base_url = "http://127.0.0.1:{port}/v5"

[endpoints.my-shop]
source = "shopify"
secrets = ["{secret}"]
destination = "main"
"""


@dataclass(slots=True)
class Shell:
    """The command line in a folder with settings of its own; nobody is called."""

    folder: Path
    port: int  # where the platform would answer; closed unless a test listens

    def write(self, database_url: str = "sqlite:///var/forwarder.db") -> None:
        text = SETTINGS.format(
            database_url=database_url,
            key=DATA_KEY,
            port=self.port,
            secret=TEST_SECRETS["shopify"],
        )
        (self.folder / "forwarder.toml").write_text(text)

    def run(self, *words: str, text: str | None = None) -> Result:
        return CliRunner().invoke(main, list(words), input=text)

    def json(self, *words: str) -> Any:  # noqa: ANN401
        result = self.run(*words, "--json")
        assert 0 == result.exit_code, result.output
        return orjson.loads(result.stdout)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell beside a forwarder.toml; nothing is started."""
    monkeypatch.chdir(tmp_path)
    for name in ("FORWARDER_CONFIG", "FORWARDER_DATABASE_URL", "FORWARDER_BROKER_URL"):
        monkeypatch.delenv(name, raising=False)
    made = Shell(tmp_path, free_port())
    made.write()
    return made


@pytest.fixture
def store(shell: Shell) -> Iterator[Store]:
    """The store that the commands of this shell work on."""
    opened = open_store(f"sqlite:///{shell.folder / 'var/forwarder.db'}", [DATA_KEY])
    upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture
def no_nap(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let commands that wait go on at once."""

    def nap(_: float) -> None:
        return

    monkeypatch.setattr("time.sleep", nap)
    return nap
