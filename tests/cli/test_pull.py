"""Snapshots of the platform's reports from the command line, against the sandbox."""

from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
import requests

from forwarder.sandbox import SandboxOptions, make_sandbox_server
from tests.cli.conftest import Shell

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)  # noqa: TID251
TOKEN = 'report_token = "no-real-token"\n[endpoints.my-shop]'


@pytest.fixture
def sandbox(shell: Shell) -> Any:  # noqa: ANN401
    server = make_sandbox_server(SandboxOptions(), "127.0.0.1", shell.port)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    file = shell.folder / "forwarder.toml"
    file.write_text(file.read_text().replace("[endpoints.my-shop]", TOKEN))
    seed(shell, 4)
    yield server
    server.shutdown()
    thread.join(5)


def seed(shell: Shell, count: int) -> None:
    row = {"date": YESTERDAY.isoformat(), "kind": "checkout", "count": count}
    row["value_micro"] = count * 10_000_000
    url = f"http://127.0.0.1:{shell.port}/_sandbox/tag-log"
    requests.post(url, json=[row], timeout=10)


def test_a_snapshot_is_taken_told_and_listed(shell: Shell, sandbox: object) -> None:
    del sandbox
    first = shell.json("pull", "reports")
    seed(shell, 2)
    second = shell.run("pull", "reports", "--since", YESTERDAY.isoformat())
    months = f"{YESTERDAY:%Y-%m}"
    shown = [
        one["conversions"]
        for one in shell.json("pull", "revisions", "--month", months)
        if (one["kind"], one["source"], one["day"])
        == ("checkout", "", YESTERDAY.isoformat())
    ]

    assert ("main", "EUR") == (first[0]["destination"], first[0]["currency"])
    assert "1 revised" in second.stdout
    assert [4, 6] == shown
    assert "all sources" in shell.run("pull", "revisions", "--month", months).stdout


def test_the_report_takes_the_snapshot_where_nothing_was_imported(
    shell: Shell, sandbox: object
) -> None:
    del sandbox
    shell.json("pull", "reports")
    found = shell.json("reconcile", "--month", f"{YESTERDAY:%Y-%m}")

    attribution = [one for one in found if one["level"] == "attribution"]
    assert (4, "tag") == (
        attribution[0]["counts"]["tag"],
        attribution[0]["measures"],
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("reports", "--since", "yesterday"), "--since yesterday is no day"),
        (("reports", "--since", "2001-01-01"), "days back"),
        (("reports", "--destination", "moon"), "--destination: one of main"),
        (("revisions", "--month", "May"), "--month May is no month"),
    ],
)
def test_what_cannot_be_pulled_is_wrong_use(
    shell: Shell, sandbox: object, words: tuple[str, ...], sentence: str
) -> None:
    del sandbox
    result = shell.run("pull", *words)

    assert (2, True) == (result.exit_code, sentence in result.stderr)


def test_without_a_report_token_nothing_is_pulled(shell: Shell) -> None:
    result = shell.run("pull", "reports")

    assert 2 == result.exit_code
    assert "report_token" in result.stderr


def test_a_platform_that_does_not_answer_is_bad_news(
    shell: Shell, no_nap: object
) -> None:
    del no_nap
    file = shell.folder / "forwarder.toml"
    file.write_text(file.read_text().replace("[endpoints.my-shop]", TOKEN))
    result = shell.run("pull", "reports")

    assert 1 == result.exit_code
    assert result.stderr.startswith("main: ")
    assert "no-real-token" not in result.output
