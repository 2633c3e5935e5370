"""The real servers are real: a test that asks for one gets one that works."""

from pathlib import Path

import psycopg
import pytest
import redis
from playwright.sync_api import Page

from tests import shared
from tests.servers import PostgresServer, RedisServer, missing


def test_each_test_gets_an_empty_postgresql(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        tables = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()

    assert (0,) == tables


def test_postgresql_keeps_what_was_committed_over_a_restart(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    postgres_server.stop()
    postgres_server.start()
    with psycopg.connect(postgres_url) as connection:
        found = connection.execute("SELECT one FROM kept").fetchall()

    assert [(1,)] == found


def test_redis_can_be_stopped_and_started_again(redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        client.set("a", "1")
    redis_server.stop()
    with redis_server.client() as client, pytest.raises(redis.ConnectionError):
        client.ping()
    redis_server.start()
    with redis_server.client() as client:
        found = client.get("a")

    assert found is None


def test_the_browser_runs_scripts(page: Page) -> None:
    page.set_content("<p id=a></p><script>a.textContent = 6 * 7</script>")

    assert "42" == page.inner_text("#a")


def test_a_missing_server_skips_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="redis-server is not installed"):
        missing("redis-server")


def test_a_missing_server_fails_where_all_must_be_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="redis-server is not installed"):
        missing("redis-server")


@pytest.mark.parametrize(
    ("ci", "given", "ends_as"),
    [
        ("", "", pytest.skip.Exception),
        ("true", "", pytest.fail.Exception),
        ("true", shared.DECLINED, pytest.skip.Exception),
    ],
)
def test_what_others_published_is_there_in_ci_or_declined(
    ci: str,
    given: str,
    ends_as: type[BaseException],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(shared, "SHARED", tmp_path / "none")
    monkeypatch.setattr(shared, "GIVEN", given)

    with pytest.raises(ends_as, match="FORWARDER_SHARED"):
        shared.need_shared()
