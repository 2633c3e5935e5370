import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

import orjson
import pytest

from forwarder.store import Store, health
from forwarder.store.migrate import NEWEST
from tests.cli.conftest import Shell
from tests.store.shop import an_event, note_health, take
from tests.store.test_health import WELL

Findings = list[dict[str, str]]


@dataclass(slots=True)
class Platform:
    """Answers every POST with `status`, as of `skew` from now."""

    status: int = 400
    skew: timedelta = timedelta(0)
    form: str = "%a, %d %b %Y %H:%M:%S GMT"
    seen: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def platform(shell: Shell) -> Iterator[Platform]:
    """Something that answers where the settings say that the platform is."""
    told = Platform()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            told.seen.append((self.path, self.headers["Authorization"]))
            self.send_response_only(told.status)
            at = datetime.now(UTC) + told.skew  # noqa: TID251
            self.send_header("Date", f"{at:{told.form}}")
            self.send_header("Content-Length", "0")
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", shell.port), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield told
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that only this machine reaches: nobody is asked about it."""
    monkeypatch.setenv("FORWARDER_PUBLIC_URL", "http://127.0.0.1:8000")


@pytest.fixture
def well(store: Store) -> Store:
    """A store with a worker at work."""
    health.note_worker(store, "w", store.now())
    return store


def findings(shell: Shell, exit_code: int) -> Findings:
    result = shell.run("doctor", "--json")
    assert exit_code == result.exit_code, result.output
    found: Findings = orjson.loads(result.stdout)["findings"]
    return found


def of(found: Findings, check: str) -> list[tuple[str, str]]:
    return [(one["verdict"], one["seen"]) for one in found if one["check"] == check]


def test_all_is_well(shell: Shell, well: Store, platform: Platform) -> None:
    take(well, an_event(1), at=well.now())
    found = findings(shell, 0)

    assert [("ok", "the token is good")] == of(found, "main")
    assert ["ok"] == [verdict for verdict, _ in of(found, "clock")]
    assert [("ok", "a folder, 0 wake-ups in it")] == of(found, "broker")
    assert [("ok", "1 delivery waits")] == of(found, "worker")
    assert of(found, "my-shop")[0][1].startswith("last webhook 20")
    assert [
        ("/v5/ad_accounts/549755885175/events?test=true", "Bearer no-real-token")
    ] == platform.seen


def test_in_the_sandbox_no_token_is_good_and_nobody_outside_is_asked(
    shell: Shell, well: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    del well
    monkeypatch.setenv("FORWARDER_SANDBOX_URL", "http://127.0.0.1:9/v5")
    monkeypatch.setenv("FORWARDER_PUBLIC_URL", "https://events.example.com")
    found = findings(shell, 0)
    file = shell.folder / "forwarder.toml"
    file.write_text(file.read_text().replace("no-real-token", "put-the-token-here"))
    unfinished = findings(shell, 0)

    tried = "the sandbox is asked, your token was not tried"
    assert [("warn", tried)] == of(found, "main")
    assert [("warn", "it runs: nothing reaches Pinterest")] == of(found, "sandbox")
    url = "https://events.example.com"
    assert [("ok", f"{url} is not asked while the sandbox runs")] == of(
        found, "address"
    )
    placeholder = "the token in .env is still the placeholder"
    assert [("warn", placeholder)] == of(unfinished, "main")


def test_the_answer_is_readable(shell: Shell, well: Store, platform: Platform) -> None:
    del well
    platform.status = 401
    result = shell.run("doctor")

    assert 1 == result.exit_code
    assert "red  main          HTTP 401\n" in result.stdout
    assert "-> make a new token" in result.stdout
    assert "no-real-token" not in result.output


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, "ok"),
        (422, "ok"),
        (401, "red"),
        (403, "red"),
        (404, "red"),
        (429, "warn"),
        (500, "warn"),
        (503, "warn"),
        (302, "red"),
    ],
)
def test_the_token_is_judged_by_the_answer(
    shell: Shell, well: Store, platform: Platform, status: int, verdict: str
) -> None:
    del well
    platform.status = status
    found = findings(shell, int(verdict == "red"))

    assert [verdict] == [word for word, _ in of(found, "main")]


def test_a_platform_that_does_not_answer_is_red(shell: Shell, well: Store) -> None:
    del well
    found = findings(shell, 1)

    assert [("red", "no answer from the platform (ConnectionError)")] == of(
        found, "main"
    )


def test_a_wrong_clock_is_red(shell: Shell, well: Store, platform: Platform) -> None:
    del well
    platform.skew = timedelta(minutes=10)

    assert ["red"] == [verdict for verdict, _ in of(findings(shell, 1), "clock")]


def test_a_clock_that_cannot_be_read_is_not_judged(
    shell: Shell, well: Store, platform: Platform
) -> None:
    del well
    platform.form = "%Y"

    assert [] == of(findings(shell, 0), "clock")


def test_no_worker_is_red_and_no_webhook_a_warning(
    shell: Shell, store: Store, platform: Platform
) -> None:
    del store, platform
    found = findings(shell, 1)

    assert [("red", "no worker has been seen for 30 seconds")] == of(found, "worker")
    assert [("warn", "no webhook yet")] == of(found, "my-shop")


def test_a_blocked_destination_is_red(
    shell: Shell, well: Store, platform: Platform
) -> None:
    del platform
    note_health(well, WELL)
    blocked = replace(WELL, state=health.BLOCKED, reason="auth", message="no token")
    note_health(well, blocked)
    found = findings(shell, 1)

    assert ("red", "blocked since 2026-11-21: no token") in of(found, "main")


def test_a_database_without_tables_ends_the_examination(shell: Shell) -> None:
    found = findings(shell, 1)

    assert [("red", f"its tables are of version None, not {NEWEST}")] == of(
        found, "database"
    )
    assert [] == of(found, "worker")


def test_a_database_that_is_down_ends_the_examination(shell: Shell) -> None:
    shell.write("postgresql://nobody@127.0.0.1:9/none")
    found = findings(shell, 1)

    assert ["red"] == [verdict for verdict, _ in of(found, "database")]
    assert [] == of(found, "worker")


def test_a_broker_that_does_not_answer_is_red(
    shell: Shell, well: Store, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    del well, platform
    monkeypatch.setenv("FORWARDER_BROKER_URL", "redis://127.0.0.1:9/0")
    answers: Iterator[str] = iter(["OperationalError", ""])
    monkeypatch.setattr(
        "forwarder.cli.checkup.of_work.fault_of_broker", lambda _: next(answers)
    )
    monkeypatch.setattr(
        "forwarder.cli.checkup.of_work.eviction_policy", lambda _: "noeviction"
    )

    assert [("red", "no answer (OperationalError)")] == of(findings(shell, 1), "broker")
    assert [("ok", "answers")] == of(findings(shell, 0), "broker")


class Disk(NamedTuple):
    total: int
    used: int
    free: int


def test_a_full_disk_and_a_doubtful_sqlite_are_told(
    shell: Shell, well: Store, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    del well, platform
    nearly_full: Callable[[object], Disk] = lambda _: Disk(100, 98, 2)  # noqa: E731
    monkeypatch.setattr(shutil, "disk_usage", nearly_full)
    monkeypatch.setattr("forwarder.cli.checkup.of_store.SQLITE_VERSION", "3.40.1")
    found = findings(shell, 1)

    assert [("red", "2% free in var")] == of(found, "disk")
    assert ["ok", "warn"] == sorted(verdict for verdict, _ in of(found, "database"))


def test_doubts_about_the_settings_are_warnings(
    shell: Shell, well: Store, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    del well, platform
    monkeypatch.setenv("FORWARDER_PUBLIC_URL", "http://events.example.com")
    found = findings(shell, 1)

    doubts = [seen for verdict, seen in of(found, "settings") if verdict == "warn"]
    assert any("public_url is http://" in doubt for doubt in doubts)
