"""The month's report and the import before it, from the command line."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from forwarder.core.event import Kind
from forwarder.core.mirror import Allowed, Device, MirrorEvent, TagState
from forwarder.store import Store, mirror, report_posts
from forwarder.store.report_versions import Version, keep_version
from tests.cli.conftest import Shell

CSV = """date,event,conversions,value,currency
2026-10-01,checkout,12,480.50,EUR
2026-10-31,checkout,4,99.50,EUR
"""
NEXT_WEEK = (datetime.now(UTC) + timedelta(days=7)).date()  # noqa: TID251


def import_words(shell: Shell, *options: str, text: str = CSV) -> list[str]:
    file = shell.folder / "export.csv"
    file.write_text(text)
    return ["import", "tag-report", str(file), *options]


def test_the_report_is_json_with_either_option(shell: Shell) -> None:
    level = ("--level", "delivery", "--measures", "tag", "--yes")
    assert 0 == shell.run(*import_words(shell, *level)).exit_code
    short = shell.json("reconcile", "--month", "2026-10")
    long = shell.run("reconcile", "--month", "2026-10", "--format", "json")

    assert short == orjson.loads(long.stdout)
    assert ["delivery", "attribution"] == [one["level"] for one in short]
    assert (16, "tag") == (short[0]["counts"]["tag"], short[0]["measures"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--from", "2026-10-31", "--to", "2026-10-01"), "--from 2026-10-31 is after"),
        (("--to", f"{NEXT_WEEK}"), f"--to {NEXT_WEEK} has not come yet"),
        (("--from", "October"), "--from October is no day"),
        (("--currency", "euros"), "--currency euros: three letters, such as EUR"),
        (("--currency", "12X"), "--currency 12X"),
        (("--column", "Spend"), "--column Spend: HEADING=ROLE"),
    ],
)
def test_options_that_cannot_be_meant_are_wrong_use(
    shell: Shell, options: tuple[str, ...], words: str
) -> None:
    result = shell.run(*import_words(shell, *options, "--yes"))

    assert 2 == result.exit_code
    assert words in result.stderr


def test_a_currency_may_be_written_small(shell: Shell) -> None:
    text = "date,event,conversions,value\n2026-10-01,checkout,2,30.00\n"
    result = shell.run(*import_words(shell, "--currency", "eur", text=text), text="n\n")

    assert 0 == result.exit_code
    assert "30.00 EUR" in result.stdout


def test_an_excel_file_is_refused_in_words(shell: Shell) -> None:
    result = shell.run(*import_words(shell, "--yes", text="PK\x03\x04 and more"))

    assert (1, "This is an Excel file: export it as CSV.\n") == (
        result.exit_code,
        result.stderr,
    )


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("text", "Attribution gap"),
        ("html", "<!doctype html>"),
        ("md", "# Attribution gap"),
        ("csv", "month,from,to"),
        ("json", "["),
    ],
)
def test_the_report_is_written_in_every_form(
    shell: Shell, form: str, start: str
) -> None:
    assert (
        0 == shell.run(*import_words(shell, "--level", "delivery", "--yes")).exit_code
    )
    out = shell.folder / "reports"

    words = ("reconcile", "--month", "2026-10", "--format", form, "--out", str(out))
    result = shell.run(*words)

    suffix = "txt" if form == "text" else form
    assert 0 == result.exit_code
    assert (out / f"gap-2026-10.{suffix}").read_text("utf-8").startswith(start)
    assert "written to" in result.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[]", "must be an object"),
        ('{"mode": "event"}', '"days" must be a number'),
        ('{"mode": "event", "days": 30, "t0": 0, "server": 1}', '"server" is missing'),
    ],
)
def test_a_wrong_month_file_is_wrong_use(shell: Shell, text: str, words: str) -> None:
    file = shell.folder / "month.json"
    file.write_text(text)

    result = shell.run("reconcile", "estimate", str(file))

    assert 2 == result.exit_code
    assert words in result.stderr


@pytest.mark.parametrize("month", ["9999-12", "0001-01", "1999-12", "2100-01"])
def test_a_month_nobody_can_mean_is_wrong_use(shell: Shell, month: str) -> None:
    result = shell.run("reconcile", "--month", month)

    assert (2, True) == (result.exit_code, "too far off" in result.stderr)


@pytest.mark.parametrize(
    "cell", ["1e400", "NaN", "Infinity", "1e3", "9" * 400, "1" + "0" * 20, "٣"]
)
@pytest.mark.parametrize("place", ["count", "value"])
def test_a_number_out_of_bounds_in_a_tag_report_is_refused_in_words(
    shell: Shell, cell: str, place: str
) -> None:
    count, value = (cell, "1.50") if place == "count" else ("12", cell)
    text = f"{CSV.splitlines()[0]}\n2026-10-01,checkout,{count},{value},EUR\n"
    level = ("--level", "delivery", "--measures", "tag", "--yes")
    result = shell.run(*import_words(shell, *level, text=text))

    assert (1, True) == (result.exit_code, "is not a number" in result.stderr)
    assert isinstance(result.exception, SystemExit)


def test_no_finished_report_is_an_empty_list(shell: Shell) -> None:
    assert [] == shell.json("reconcile", "versions")
    assert 2 == shell.run("reconcile", "versions", "--month", "October").exit_code


def kept(store: Store, month: str = "2026-10") -> int:
    return keep_version(
        store,
        Version(destination="main", month=month, stamp="final", inputs="a" * 64,
                made_at=datetime(2026, 12, 3, tzinfo=UTC), content=b"[]", page="x"),
    )  # fmt: skip


def add_settings(shell: Shell, text: str) -> None:
    with (shell.folder / "forwarder.toml").open("a", encoding="utf-8") as file:
        file.write(text)


def test_finished_reports_are_listed_and_sent_once_more(
    shell: Shell, store: Store
) -> None:
    number = kept(store)
    kept(store, "2026-11")

    listed = shell.run("reconcile", "versions", "--month", "2026-10").stdout
    told = shell.json("reconcile", "versions")
    nobody = shell.run("reconcile", "send", f"{number}")
    add_settings(shell, '[reports]\nemail_to = ["owner@example.com"]\n')
    sent = shell.run("reconcile", "send", f"{number}")

    assert [f"{number}", "2026-10", "final"] == listed.split()[:3]
    assert ["2026-10", "2026-11"] == [one["month"] for one in told]
    assert 2 == nobody.exit_code
    assert "[reports]" in nobody.stderr
    assert "email" in sent.stdout
    (post,) = report_posts.posts_of(store, number)
    assert ("email", 0, None) == (post.channel, post.attempts, post.sent_at)
    assert 2 == shell.run("reconcile", "send", "99").exit_code


def test_the_doctor_knows_the_mirror_and_reports_that_did_not_leave(
    shell: Shell, store: Store
) -> None:
    def checks() -> list[tuple[str, str]]:
        found = orjson.loads(shell.run("doctor", "--json").stdout)["findings"]
        names = {"mirror", "reports"}
        return [(o["verdict"], o["seen"]) for o in found if o["check"] in names]

    assert [] == checks()
    add_settings(shell, '[collect]\nallowed_origins = ["https://shop.example.com"]\n')
    assert [("warn", "no browser has ever reported")] == checks()
    now = store.now()
    usual = MirrorEvent(
        endpoint="my-shop", kind=Kind.CHECKOUT, device=Device.ANDROID,
        tag=TagState.ALIVE, consent=Allowed.GRANTED, has_gpc=False, received_at=now,
    )  # fmt: skip
    states = (*[TagState.ALIVE] * 3, TagState.BLOCKED, TagState.ABSENT)
    mirror.add(store, [replace(usual, tag=state) for state in states])
    report_posts.send_again(store, kept(store), ("email",), now)
    (post,) = report_posts.claim_posts(store, now)
    report_posts.note_failed(store, post.id, "the mail server: SMTP 554", None)
    (standing, failed) = checks()

    assert "ok" == standing[0]
    assert "the tag was dead in 1 of 4 (25%), and 1 pages had none" in standing[1]
    assert ("red", "report 1 did not leave by email: the mail server: SMTP 554") == (
        failed
    )


def test_webhooks_of_reports_need_a_secret(shell: Shell) -> None:
    add_settings(shell, '[reports]\nwebhook_url = "https://x.example"\n')
    result = shell.run("reconcile", "versions")

    assert 2 == result.exit_code
    assert "reports.webhook_secret is missing" in result.stderr
