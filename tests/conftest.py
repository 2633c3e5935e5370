"""Fixtures that every folder of tests may ask for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, Page, sync_playwright

from tests.migrations import migrate_for_real, replay_known_migrations
from tests.servers import PostgresServer, RedisServer, chromium, running_postgres
from tests.shared import need_shared

settings.register_profile(
    "house",
    deadline=None,  # two cores are shared: a slow example is no fault
    max_examples=60,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", settings.get_profile("house"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-golden",
        action="store_true",
        help="write what the adapters make of the samples, for a person to read",
    )


replay_known_migrations()


@pytest.fixture(scope="session")
def shared() -> None:
    """Ask for what others published."""
    need_shared()


@pytest.fixture
def real_migrations() -> Iterator[None]:
    """Migrate as an installation does."""
    migrate_for_real()
    yield
    replay_known_migrations()


SLOW_FIXTURES = {"postgres_server", "redis_server", "browser"}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what asks for a real server, so that `make check` can leave it out."""
    if SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
        item.add_marker(pytest.mark.slow)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files of slow tests: a long one at the end would run alone."""
    slow_files = {one.path for one in items if one.get_closest_marker("slow")}
    whole_processes = {"chaos", "e2e"}
    items.sort(
        key=lambda one: (
            (one.path.parent.name not in whole_processes) + (one.path not in slow_files)
        )
    )


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty PostgreSQL database."""
    url = postgres_server.new_database()
    yield url
    postgres_server.drop(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'forwarder.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each database in turn, empty."""
    name = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of its own, that the test may stop, start, hang and resume."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = chromium()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without cookies, that fails the test on an error in its console."""
    context = browser.new_context(locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(10_000)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda fault: errors.append(str(fault)))
    yield opened
    context.close()

    assert [] == errors
