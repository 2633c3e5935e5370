from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from forwarder.cli import main
from forwarder.pipeline.receive import NO_TIME
from forwarder.samples import cases, load
from forwarder.sources import SOURCES

NOW = ("--now", "2026-11-01T12:05:00Z")
SAMPLES = [
    (source, case)
    for source in sorted(SOURCES)
    for case in cases(source)
    if not case.startswith("refused-")
]


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are no settings here, no keys and no database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORWARDER_CONFIG", raising=False)


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["explain", *words])


def explain(*words: str) -> dict[str, Any]:
    result = run(*words, "--json")
    assert 0 == result.exit_code, result.output
    told: dict[str, Any] = orjson.loads(result.stdout)
    return told


def sample(source: str, case: str, folder: Path) -> str:
    """Copy a packaged sample; return the file."""
    file = folder / f"{case}.http"
    with (files("forwarder.samples") / source / file.name).open("rb") as data:
        file.write_bytes(data.read())
    return str(file)


def bare(source: str, case: str, folder: Path, change: bytes = b"") -> str:
    file = folder / "body.json"
    file.write_bytes(change or load(source, case).body)
    return str(file)


@pytest.mark.parametrize(("source", "case"), SAMPLES)
def test_every_packaged_sample_is_explained(
    source: str, case: str, tmp_path: Path
) -> None:
    file = sample(source, case, tmp_path)
    result = run(file, "--source", source, *NOW, "--keep-reserved-domains", "--json")

    told = orjson.loads(result.stdout)
    assert {"status", "reason", "events"} <= set(told)
    assert told["status"] in {"events", "ignored", "quarantined"}
    assert (told["status"] == "quarantined") == (result.exit_code == 1)
    assert bool(told["events"]) == (told["status"] == "events")
    assert bool(told["reason"]) != bool(told["events"])
    for event in told["events"]:
        assert set(event) >= {
            "event_id",
            "kind",
            "payload",
            "sent_fields",
            "dropped",
            "warnings",
        }
        assert event["payload"] is not None or event["not_sent"]
    again = run(file, "--source", source, *NOW, "--keep-reserved-domains", "--json")
    assert result.stdout == again.stdout
    text = run(file, "--source", source, *NOW)
    assert (result.exit_code, True) == (text.exit_code, bool(text.stdout))


def test_an_order_shows_the_exact_payload_and_what_was_left_out(
    tmp_path: Path,
) -> None:
    file = sample("shopify", "orders-paid", tmp_path)
    told = explain(file, "--source", "shopify", *NOW, "--keep-reserved-domains")

    event = told["events"][0]
    payload = event["payload"]
    assert ("events", "", "checkout", "checkout") == (
        told["status"],
        event["not_sent"],
        event["kind"],
        payload["event_name"],
    )
    assert event["event_id"] == payload["event_id"]
    assert {"user_data.em", "custom_data.value", "event_time"} <= set(
        event["sent_fields"]
    )
    assert event["sent_fields"] == sorted(event["sent_fields"])
    assert all({"field", "reason"} == set(one) for one in event["dropped"])
    text = run(file, "--source", "shopify", *NOW, "--keep-reserved-domains").stdout
    assert '"event_name": "checkout"' in text


def test_addresses_that_nobody_owns_are_left_out_unless_kept(tmp_path: Path) -> None:
    file = sample("shopify", "orders-paid", tmp_path)
    event = explain(file, "--source", "shopify", *NOW)["events"][0]

    reasons = {one["reason"] for one in event["dropped"]} | {str(event["warnings"])}
    assert any("reserved_domain" in reason for reason in reasons)


def test_a_bare_body_takes_its_topic_from_the_options(tmp_path: Path) -> None:
    file = bare("shopify", "orders-paid", tmp_path)
    options = ["--source", "shopify", *NOW, "--keep-reserved-domains"]
    with_topic = explain(file, *options, "--topic", "orders/paid")
    with_header = explain(file, *options, "--header", "X-Shopify-Topic: orders/paid")

    assert "events" == with_topic["status"]
    assert with_topic == with_header
    other = explain(file, *options, "--topic", "products/create")
    assert ("ignored", []) == (other["status"], other["events"])


def test_a_time_that_nobody_can_read_is_told_and_replaced(tmp_path: Path) -> None:
    body = orjson.loads(load("shopify", "orders-paid").body)
    body |= dict.fromkeys(("created_at", "processed_at"), "22.11.2026 10:00")
    file = bare("shopify", "orders-paid", tmp_path, orjson.dumps(body))
    result = run(file, "--source", "shopify", *NOW, "--topic", "orders/paid")

    assert f"note: {NO_TIME}" in result.stdout


def test_the_time_can_be_pretended(tmp_path: Path) -> None:
    file = sample("shopify", "orders-paid", tmp_path)

    def told(now: str) -> dict[str, Any]:
        options = ("--source", "shopify", "--now", now, "--keep-reserved-domains")
        event: dict[str, Any] = explain(file, *options)["events"][0]
        return event

    def not_sent(now: str) -> str:
        word: str = told(now)["not_sent"]
        return word

    assert "too_old" == not_sent("2026-11-09T12:00:00Z")
    assert "" == not_sent("2026-11-08T11:00:00")
    assert "in_future" == not_sent("2026-11-01T11:00:00+00:00")
    assert "2026-11-01T11:59:00Z" == told("2026-11-01T11:59:00Z")["occurred_at"]
    wrong = run(file, "--source", "shopify", "--now", "yesterday")
    assert (2, "") == (wrong.exit_code, wrong.stdout)
    assert 0 == run(file, "--source", "shopify").exit_code


def test_the_country_reads_national_phone_numbers(tmp_path: Path) -> None:
    body = {
        "event_id": "1",
        "kind": "signup",
        "occurred_at": "2026-11-01T12:00:00Z",
        "person": {"email": "ada@example.org", "phone": "030 23125 000"},
    }
    file = bare("standard_webhooks", "checkout", tmp_path, orjson.dumps(body))
    options = [file, "--source", "standard_webhooks", *NOW, "--keep-reserved-domains"]

    with_country = explain(*options, "--country", "de")["events"][0]
    without = explain(*options)["events"][0]
    assert "user_data.ph" in with_country["sent_fields"]
    assert "user_data.ph" not in without["sent_fields"]
    assert {"field": "phone", "reason": "phone_no_country"} in without["dropped"]


def test_a_source_that_tells_no_time_is_taken_as_of_now(tmp_path: Path) -> None:
    told = explain(
        sample("kit", "subscriber-activated", tmp_path),
        *("--source", "kit", *NOW, "--keep-reserved-domains"),
    )

    assert "events" == told["status"]


def test_nobody_in_it_is_told(tmp_path: Path) -> None:
    body = orjson.loads(load("shopify", "orders-paid").body)
    for name in ("email", "contact_email", "customer", "client_details", "browser_ip"):
        body.pop(name, None)
    file = bare("shopify", "orders-paid", tmp_path, orjson.dumps(body))
    told = explain(file, "--source", "shopify", "--topic", "orders/paid", *NOW)

    event = told["events"][0]
    assert (None, "no_identity") == (event["payload"], event["not_sent"])
    assert event["warnings"]


def test_a_broken_body_is_bad_news(tmp_path: Path) -> None:
    file = bare("shopify", "orders-paid", tmp_path, b"\xff")
    result = run(file, "--source", "shopify", "--topic", "orders/paid")

    assert (1, True) == (result.exit_code, result.stdout.startswith("quarantined: "))


@pytest.mark.parametrize(
    "words",
    [
        ["--source", "etsy"],
        [],
        ["--source", "shopify", "--header", "no colon"],
    ],
)
def test_wrong_use_is_2(tmp_path: Path, words: list[str]) -> None:
    file = bare("shopify", "orders-paid", tmp_path)

    assert 2 == run(file, *words).exit_code
    assert 2 == run(str(tmp_path / "missing"), "--source", "shopify").exit_code


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    file = sample("shopify", "orders-paid", tmp_path)
    before = sorted(tmp_path.iterdir())
    explain(file, "--source", "shopify", *NOW)

    assert before == sorted(tmp_path.iterdir())


def test_the_endpoint_stands_in_the_event_id(tmp_path: Path) -> None:
    file = sample("shopify", "orders-paid", tmp_path)
    options = [file, "--source", "shopify", *NOW]
    named = explain(*options, "--endpoint", "my-shop")["events"][0]
    unnamed = run(*options).stdout

    assert named["event_id"].startswith("shopify:my-shop:")
    assert "shopify:shopify:" in unnamed
    assert "taken to be named shopify" in unnamed
    assert "taken to be" not in run(*options, "--endpoint", "my-shop").stdout
    assert 2 == run(*options, "--endpoint", "My Shop").exit_code


@pytest.mark.parametrize(
    ("now", "first"),
    [
        ("2026-11-09T12:00:00Z", "would be skipped now: too_old (2026-11-01)"),
        ("2026-11-01T11:00:00Z", "would be refused now: in_future (2026-11-01)"),
    ],
)
def test_what_would_not_be_sent_is_told_on_top(
    tmp_path: Path, now: str, first: str
) -> None:
    file = sample("shopify", "orders-paid", tmp_path)
    options = [file, "--source", "shopify", "--keep-reserved-domains"]
    text = run(*options, "--now", now).stdout

    assert first == text.splitlines()[0]
    assert "would be" not in run(*options, *NOW).stdout


@pytest.mark.parametrize("country", ["D", "DEU", "1é", "12"])
def test_a_country_has_two_letters(tmp_path: Path, country: str) -> None:
    file = sample("shopify", "orders-paid", tmp_path)
    result = run(file, "--source", "shopify", "--country", country)

    assert (2, True) == (result.exit_code, "two letters" in result.stderr)
