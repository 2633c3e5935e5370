"""Boxes to test: one on SQLite, one on PostgreSQL and Redis."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.e2e.box import Box
from tests.servers import RedisServer


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the processes wrote last when a test fails."""
    del call
    report = yield
    if report.failed:
        for given in getattr(item, "funcargs", {}).values():
            if isinstance(given, Box):
                report.sections.append(("processes", given.told()))
    return report


@pytest.fixture
def one_box(tmp_path: Path) -> Iterator[Box]:
    """SQLite, wake-ups through a folder; nothing is started yet."""
    with Box(tmp_path) as box:
        yield box


@pytest.fixture
def many_boxes(
    tmp_path: Path, postgres_url: str, redis_server: RedisServer
) -> Iterator[Box]:
    """PostgreSQL and Redis; nothing of ours is started yet."""
    with Box(tmp_path, postgres_url, redis_server.url) as box:
        yield box


@pytest.fixture(params=["one_box", "many_boxes"])
def box(request: pytest.FixtureRequest) -> Box:
    """Each kind of installation in turn."""
    found: Box = request.getfixturevalue(request.param)
    return found
