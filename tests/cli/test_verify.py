"""A saved webhook is judged by an endpoint's secrets, and a wrong one is explained."""

from importlib.resources import files
from pathlib import Path

import pytest

from forwarder.samples import TEST_SECRETS
from tests.cli.conftest import Shell

CASE = Path(str(files("forwarder.samples") / "shopify" / "orders-paid.http"))
SECRET = TEST_SECRETS["shopify"]
WORDS = ("verify", str(CASE), "--endpoint", "my-shop", "--now", "2026-11-01T12:00:00Z")


def test_a_genuine_webhook_is_told_to_be_one(shell: Shell) -> None:
    result = shell.run(*WORDS)

    assert (0, "genuine\n") == (result.exit_code, result.stdout)
    assert {"endpoint": "my-shop", "is_genuine": True, "why": ""} == shell.json(*WORDS)


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("another-secret-of-a-shop", "this endpoint has the other one, or an old one"),
        (f"{SECRET} ", "begins or ends in a space: take it out"),
    ],
)
def test_a_wrong_secret_is_explained_and_not_shown(
    shell: Shell, secret: str, why: str
) -> None:
    file = shell.folder / "forwarder.toml"
    file.write_text(file.read_text().replace(SECRET, secret))
    result = shell.run(*WORDS)

    assert 1 == result.exit_code
    assert result.stdout.startswith("not genuine: ")
    assert why in result.stdout
    assert secret.strip() not in result.output


def test_a_bare_body_is_judged_with_the_headers_that_are_told(shell: Shell) -> None:
    head, _, body = CASE.read_bytes().partition(b"\n\n")
    bare = shell.folder / "order.json"
    bare.write_bytes(body.removesuffix(b"\n"))
    lines = [line for line in head.decode().splitlines() if ": " in line]
    headers = [part for line in lines for part in ("--header", line)]
    plain = ("verify", str(bare), "--endpoint", "my-shop")

    assert 1 == shell.run(*plain).exit_code
    assert "genuine\n" == shell.run(*plain, *headers).stdout


def test_an_endpoint_that_is_not_there_is_wrong_use(shell: Shell) -> None:
    result = shell.run("verify", str(CASE), "--endpoint", "nobody")

    assert 2 == result.exit_code
    assert "known: my-shop" in result.stderr
