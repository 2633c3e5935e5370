import csv
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import orjson
import pytest

from forwarder.cli.tail import follow
from forwarder.clicks.join import mark_new
from forwarder.core.delivery import Delivered, Refused
from forwarder.core.event import Kind, Unreadable
from forwarder.pipeline.drain import Desk, drain
from forwarder.pipeline.receive import receive
from forwarder.samples import TEST_SECRETS, fresh
from forwarder.store import Store, audit, erase, live, log
from forwarder.store.audit import Wanted
from forwarder.store.live import Follower
from forwarder.store.log import Filter
from forwarder.store.writer import StoreDown
from forwarder.web.words import GONE
from tests.cli.conftest import Shell
from tests.pipeline.stand_in import StandIn, say
from tests.pipeline.test_receive import NOTICE, an_endpoint
from tests.servers import stop
from tests.store.shop import an_event, take

NOW = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251  the commands' clock
LINE = {
    "event_id",
    "kind",
    "source",
    "endpoint",
    "destination",
    "status",
    "reason",
    "order_id",
    "occurred_at",
    "received_at",
    "attempts",
    "next_attempt_at",
    "settled_at",
}


@pytest.fixture
def full(store: Store) -> Store:
    """Number 1 was delivered, 2 refused, 3 waits."""
    for number, outcome in ((1, Delivered()), (2, Refused("invalid", "currency"))):
        take(store, an_event(number, at=NOW), at=NOW)
        desk = Desk(store=store, worker="w", clock=lambda: NOW, jitter=lambda: 0.5)
        drain(StandIn(script=[say(outcome)]), desk)
    take(store, an_event(3, Kind.SIGNUP, NOW), at=NOW)
    return store


def words(store: Store) -> list[tuple[str | None, str]]:
    lines = log.list_deliveries(store, Filter()).lines
    return [(line.order_id, line.status.value) for line in reversed(lines)]


def test_the_list_is_json_of_the_promised_shape(full: Store, shell: Shell) -> None:
    del full
    page = shell.json("events", "list")

    assert (["3", "2", "1"], None) == (
        [line["order_id"] for line in page["items"]],
        page["next"],
    )
    assert set(page["items"][0]) >= LINE
    assert "refused" == page["items"][1]["status"]
    first = shell.json("events", "list", "--limit", "1")
    rest = shell.json("events", "list", "--cursor", str(first["next"]))
    assert ["2", "1"] == [line["order_id"] for line in rest["items"]]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--status", "refused"], ["2"]),
        (["--source", "shopify", "--endpoint", "my-shop"], ["3", "2", "1"]),
        (["--kind", "signup"], ["3"]),
        (["--order", "1"], ["1"]),
        (["--event-id", "shopify:my-shop:2:checkout"], ["2"]),
        (["--reason", "invalid"], ["2"]),
        (["--test", "yes"], []),
        (["--test", "no", "--attempts", "0"], ["3", "2", "1"]),
        (["--attempts", "1"], ["2", "1"]),
        (["--since", "2100-01-01"], []),
        (["--until", "2100-01-01"], ["3", "2", "1"]),
        (["--http", "2xx", "--batch", "1"], ["1"]),
        (["--http", "none"], []),
        (["--request-id", "nobody"], []),
    ],
)
def test_the_list_is_narrowed_by_every_filter(
    full: Store, shell: Shell, filters: list[str], found: list[str]
) -> None:
    del full
    page = shell.json("events", "list", *filters)

    assert found == [line["order_id"] for line in page["items"]]


def test_a_person_is_read_from_a_pipe_and_never_from_an_option(
    full: Store, shell: Shell
) -> None:
    mark_new(full, NOW + timedelta(minutes=1))
    words = ("events", "list", "--person", "-")
    found = shell.run(*words, text=" ADA1@example.org\n")
    nobody = shell.run(*words, text="nobody@example.org\n")
    planned = shell.run(
        "events", "replay", "--person", "-", "--dry-run", text="ada2@example.org\n"
    )

    assert (1, True) == (found.stdout.count("\n"), "delivered" in found.stdout)
    assert "no delivery matches\n" == nobody.stdout
    assert "A person is found for 7 days" in nobody.stderr
    assert "main: 1 to send again" in planned.stdout
    typed = shell.run("events", "list", "--person", "ada1@example.org")
    assert (2, False) == (typed.exit_code, "ada1" in typed.output)
    assert "say --person - and type or pipe it" in typed.stderr


def test_what_was_erased_is_said_to_be_no_longer_kept(
    full: Store, shell: Shell
) -> None:
    erase.erase_deliveries(full, [1, 2], NOW)
    told = shell.run("events", "show", "1").stdout

    assert "HTTP 200" in told
    assert f"sent: {GONE}" in told
    quality = shell.run("quality").stdout
    assert f"What was sent is {GONE}" in quality
    assert "E-mail" not in quality


def test_the_list_is_readable(full: Store, shell: Shell) -> None:
    del full
    result = shell.run("events", "list", "--limit", "2")

    assert 0 == result.exit_code
    assert "refused (invalid)" in result.stdout
    assert "more: --cursor" in result.stdout
    none = shell.run("events", "list", "--order", "nobody")
    assert (0, "no delivery matches\n") == (none.exit_code, none.stdout)


@pytest.mark.parametrize(
    "words",
    [
        ["events", "list", "--status", "sent"],
        ["events", "list", "--limit", "x"],
        ["events", "tail", "--since", "soon"],
        ["events", "replay", "--status", "sent"],
        ["events", "discard", "--until", "x"],
        ["events", "discard"],
        ["events", "discard", "--status", "refused", "--json"],
        ["events", "replay"],
        ["events", "replay", "--yes"],
        ["events", "replay", "--status", "refused", "--json"],
        ["events", "webhooks", "--status", "sent"],
        ["events", "nothing"],
    ],
)
def test_wrong_usage_is_2_and_told_on_standard_error(
    shell: Shell, words: list[str]
) -> None:
    result = shell.run(*words)

    assert (2, "") == (result.exit_code, result.stdout)
    assert result.stderr
    assert "['" not in result.stderr


def test_one_delivery_is_shown_whole(full: Store, shell: Shell) -> None:
    del full
    story = shell.json("events", "show", "2")

    assert set(story) >= LINE | {"notice", "payload", "history"}
    assert [("refused", 500, 1, "auto", "currency")] == [
        (
            one["outcome"],
            one["http_status"],
            one["batch_size"],
            one["mode"],
            one["message"],
        )
        for one in story["history"]
    ]
    by_id = shell.json("events", "show", story["event_id"])
    assert story == by_id


def test_one_delivery_is_shown_in_words(full: Store, shell: Shell) -> None:
    del full
    result = shell.run("events", "show", "2")

    assert 0 == result.exit_code
    for part in ("refused", "Pinterest said: currency", "HTTP 500", "sent: {", "phone"):
        assert part in result.stdout


def test_a_delivery_that_was_not_tried_yet_is_shown(full: Store, shell: Shell) -> None:
    del full
    result = shell.run("events", "show", "3")

    assert 0 == result.exit_code
    assert "pending" in result.stdout
    assert "sent:" not in result.stdout


@pytest.mark.usefixtures("store")
def test_a_delivery_that_is_not_there_is_bad_news(shell: Shell) -> None:
    result = shell.run("events", "show", "nobody")

    assert (1, "") == (result.exit_code, result.stdout)
    assert "nobody" in result.stderr


def test_a_replay_counts_first_and_asks(full: Store, shell: Shell) -> None:
    every = ("events", "replay", "--source", "shopify", "--include-final")
    counted = shell.json(*every, "--dry-run")
    assert (2, 1, 0, None) == (
        counted["plans"][0]["n_ready"],
        counted["plans"][0]["n_delivered"],
        counted["n_set_back"],
        counted["job"],
    )
    declined = shell.run(*every, text="n\n")
    assert "main: 2 to send again (1 delivered before), 1 waiting\n" in declined.stdout
    assert (0, True) == (declined.exit_code, "0 set back" in declined.stdout)
    assert [("1", "delivered"), ("2", "refused"), ("3", "pending")] == words(full)
    dry = shell.run(*every, "--dry-run", "--yes")
    assert "0 set back" in dry.stdout
    done = shell.run("events", "replay", "--status", "refused", text="y\n")
    assert (0, True) == (done.exit_code, "1 set back" in done.stdout)
    assert [("1", "delivered"), ("2", "pending"), ("3", "pending")] == words(full)


def test_what_ended_well_is_left_alone_unless_asked_for(
    full: Store, shell: Shell
) -> None:
    del full
    counted = shell.run("events", "replay", "--source", "shopify", "--dry-run")

    assert (
        "main: 1 to send again, 1 delivered or skipped (--include-final takes them),"
        " 1 waiting\n" in counted.stdout
    )


def test_a_replay_as_json_runs_without_asking(full: Store, shell: Shell) -> None:
    words_said = ("events", "replay", "--source", "shopify", "--include-final")
    done = shell.json(*words_said, "--yes", "--because", "a new catalogue")

    assert (2, "done", "a new catalogue") == (
        done["n_set_back"],
        done["job"]["state"],
        done["job"]["reason"],
    )
    assert {"pending"} == {status for _, status in words(full)}


def test_a_replay_can_be_left_to_a_worker_and_be_cancelled(
    full: Store, shell: Shell
) -> None:
    left = shell.run("events", "replay", "--reason", "invalid", "--yes", "--no-wait")
    assert (0, True) == (left.exit_code, "forwarder jobs show 1" in left.stdout)
    assert ("2", "refused") in words(full)
    listed = shell.json("jobs", "list")["items"]
    assert [("replay", "planned", 1, 0)] == [
        (one["kind"], one["state"], one["planned"], one["done"]) for one in listed
    ]
    shown = shell.run("jobs", "show", "1").stdout
    assert "  reason: invalid\n" in shown
    ended = shell.run("jobs", "cancel", "1")
    assert (0, True) == (ended.exit_code, "cancelled" in ended.stdout)
    again = shell.run("jobs", "cancel", "1")
    assert (1, "it is cancelled already\n") == (again.exit_code, again.stdout)
    assert 1 == shell.run("jobs", "cancel", "1", "--json").exit_code
    assert 1 == len(shell.run("jobs", "list").stdout.splitlines())
    assert "cancelled" == shell.json("jobs", "show", "1")["state"]


@pytest.mark.usefixtures("store")
def test_a_job_that_is_not_there_is_bad_news(shell: Shell) -> None:
    result = shell.run("jobs", "show", "7")

    assert (1, True) == (result.exit_code, "7" in result.stderr)
    assert "no job was ever started\n" == shell.run("jobs", "list").stdout


def test_what_will_never_be_sent_is_given_up_with_a_reason(
    full: Store, shell: Shell
) -> None:
    refused = ("events", "discard", "--status", "refused")
    counted = shell.json("events", "discard", "--reason", "invalid", "--dry-run")
    assert {"n_open": 1, "n_discarded": 0, "job": None} == counted
    unsaid = shell.run(*refused, "--yes")
    assert (2, True) == (unsaid.exit_code, "--because" in unsaid.stderr)
    declined = shell.run(*refused, "--because", "a test", text="n\n")
    assert "0 discarded" in declined.stdout
    done = shell.run(*refused, "--because", "a test", "--yes")
    assert (0, "1 waits or was refused\n1 discarded\n") == (done.exit_code, done.stdout)
    assert [("1", "delivered"), ("2", "skipped"), ("3", "pending")] == words(full)
    assert "Detail: a test" in shell.run("events", "show", "2").stdout
    more = shell.json(
        "events", "discard", "--status", "pending", "--yes", "--because", "x"
    )
    assert (1, 1) == (more["n_open"], more["n_discarded"])


def test_held_webhooks_are_read_again(store: Store, shell: Shell) -> None:
    receive(an_endpoint(Unreadable("broken")), NOTICE, store, NOW)

    counts = {"n_read": 0, "n_still_unreadable": 1, "n_done": 0, "job": None}
    assert counts == shell.json("events", "reparse", "--dry-run")
    result = shell.run("events", "reparse")
    assert (0, "0 can be read now, 1 still can not\n0 read\n") == (
        result.exit_code,
        result.stdout,
    )
    assert 2 == shell.run("events", "reparse", "--json").exit_code


def test_a_held_webhook_that_can_be_read_now_becomes_events(
    store: Store, shell: Shell
) -> None:
    order = fresh("shopify", "orders-paid", TEST_SECRETS["shopify"], NOW, 912_345)
    receive(an_endpoint(Unreadable("broken")), order, store, NOW)
    done = shell.json("events", "reparse", "--endpoint", "my-shop", "--yes")

    assert (1, "done", 1) == (done["n_done"], done["job"]["state"], len(words(store)))


def test_tail_starts_where_the_log_ends(store: Store, no_nap: object) -> None:
    del no_nap
    take(store, an_event(1), at=NOW)
    lines = follow(store, Follower(store, Filter(), live.newest_id(store)))

    def coming() -> Iterator[None]:
        take(store, *(an_event(number) for number in (2, 3, 4)), at=NOW)
        yield

    with pytest.MonkeyPatch.context() as patch:
        step = coming()
        patch.setattr("time.sleep", lambda _: next(step, None))
        seen = [next(lines).order_id for _ in range(3)]

    assert ["2", "3", "4"] == seen


def test_tail_of_an_empty_log_repeats_nothing(store: Store) -> None:
    lines = follow(store, Follower(store, Filter(), live.newest_id(store)))
    numbers = iter(range(1, 9))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "time.sleep",
            lambda _: take(store, an_event(next(numbers)), an_event(next(numbers))),
        )
        seen = [next(lines).order_id for _ in range(6)]

    assert ["1", "2", "3", "4", "5", "6"] == seen


@pytest.mark.parametrize("as_json", [True, False])
def test_tail_prints_what_comes_until_it_is_stopped(
    store: Store, shell: Shell, *, as_json: bool
) -> None:
    command = [sys.executable, "-m", "forwarder", "events", "tail"]
    process = subprocess.Popen(  # noqa: S603  our own interpreter
        [*command, "--json"] if as_json else command,
        cwd=shell.folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        # what runs behind a script's `&` is born deaf to Ctrl-C
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    try:
        assert process.stdout is not None
        told = b""
        number = 0
        os.set_blocking(process.stdout.fileno(), False)
        until = datetime.now(UTC) + timedelta(seconds=30)  # noqa: TID251
        while b"\n" not in told and datetime.now(UTC) < until:  # noqa: TID251
            number += 1  # it says nothing until something new comes
            take(store, an_event(number), at=NOW)
            told += process.stdout.read() or b""  # a line may come in parts
            select.select([process.stdout], [], [], 0.3)
        process.send_signal(signal.SIGINT)

        assert 0 == process.wait(30)
    finally:
        stop(process)
        if process.stdout is not None:
            process.stdout.close()
    line = told.partition(b"\n")[0]
    if as_json:
        assert "my-shop" == orjson.loads(line)["endpoint"]
    else:
        assert b"checkout" in line


def test_nothing_is_asked_where_nothing_can_be_sent(full: Store, shell: Shell) -> None:
    del full
    replayed = shell.run("events", "replay", "--status", "pending")
    discarded = shell.run("events", "discard", "--reason", "too_old", "--because", "x")

    assert "main: 1 waiting\n0 set back to pending\n" == replayed.stdout
    assert "0 wait or were refused\n0 discarded\n" == discarded.stdout
    nothing = shell.run("events", "replay", "--order", "nobody")
    assert "main: nothing matches\n0 set back to pending\n" == nothing.stdout


def test_what_we_refused_is_not_told_as_the_words_of_pinterest(
    store: Store, shell: Shell
) -> None:
    take(store, an_event(1, at=NOW + timedelta(hours=1)), at=NOW)
    desk = Desk(store=store, worker="w", clock=lambda: NOW, jitter=lambda: 0.5)
    drain(StandIn(script=[]), desk)
    text = shell.run("events", "show", "1").stdout

    assert "Detail: it lies in the future" in text
    assert "Pinterest said" not in text


def test_several_deliveries_of_one_order_are_shown_as_items(
    store: Store, shell: Shell
) -> None:
    take(store, an_event(7, at=NOW), an_event(7, Kind.SIGNUP, NOW), at=NOW)

    items = shell.json("events", "show", "7")["items"]
    assert {"checkout", "signup"} == {one["kind"] for one in items}


def test_the_destination_is_told_where_it_does_not_go_without_saying(
    full: Store, shell: Shell
) -> None:
    del full
    assert "  main" not in shell.run("events", "list").stdout
    settings = shell.folder / "forwarder.toml"
    text = settings.read_text().replace('"main"', '"other"')
    settings.write_text(text.replace("destinations.main", "destinations.other"))

    assert "  main  " in shell.run("events", "list").stdout
    assert "  main  " in shell.run("events", "show", "2").stdout


def test_webhooks_are_listed_with_why_nothing_came_of_them(
    full: Store, shell: Shell
) -> None:
    receive(an_endpoint(Unreadable("broken")), NOTICE, full, NOW)

    held = shell.json("events", "webhooks", "--status", "quarantined")["items"]
    assert [("quarantined", "broken")] == [(w["status"], w["reason"]) for w in held]
    lines = shell.run("events", "webhooks").stdout.splitlines()
    assert 4 == len(lines)
    assert lines[0].endswith("quarantined  broken")
    assert 1 == len(shell.json("events", "webhooks", "--limit", "1")["items"])
    none = shell.run("events", "webhooks", "--status", "ignored")
    assert (0, "no webhook matches\n") == (none.exit_code, none.stdout)


def test_a_tail_goes_on_behind_a_number_and_says_where_it_ended(
    full: Store, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    del full

    def stop_here(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", stop_here)
    result = shell.run("events", "tail", "--after", "1", "--json")

    numbers = [orjson.loads(line)["id"] for line in result.stdout.splitlines()]
    assert (0, [2, 3]) == (result.exit_code, numbers)
    assert "go on from here with --after 3" in result.stderr


def test_a_quiet_tail_says_that_it_lives_and_waits_for_the_database(
    full: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    is_down = iter([False, True, True, False])

    class Fragile(Follower):
        def catch_up(self) -> Iterator[log.Line]:
            if next(is_down, None):
                raise StoreDown("gone")
            yield from super().catch_up()

    monkeypatch.setattr("forwarder.cli.tail.BEAT_EVERY_S", 0.0)
    naps = iter(range(5))
    monkeypatch.setattr("time.sleep", lambda _: next(naps))
    with pytest.raises(RuntimeError):  # the naps are over
        list(follow(full, Fragile(full, Filter(), 3)))

    told = capsys.readouterr().err
    assert "nothing new; the newest delivery is 3" in told
    assert 1 == told.count("the database does not answer: trying again")
    assert 1 == told.count("the database answers again: going on")


def test_the_log_is_written_to_a_file(full: Store, shell: Shell) -> None:
    result = shell.run("events", "export", "--status", "refused", "--out", "log.csv")
    text = (shell.folder / "log.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    lines = shell.run("events", "export", "--json").stdout.splitlines()

    assert (0, "") == (result.exit_code, result.stdout)
    assert ["2"] == [row["order_id"] for row in rows]
    assert ["3", "2", "1"] == [orjson.loads(line)["order_id"] for line in lines]
    noted = audit.entries(full, Wanted(action="exported")).entries
    assert ["ndjson", "csv status=refused"] == [one.detail for one in noted]


def test_a_person_is_shown_with_a_reason_that_the_audit_log_keeps(
    full: Store, shell: Shell
) -> None:
    hidden = shell.run("events", "show", "2", "--json")
    silent = shell.run("events", "show", "2", "--reveal")
    because = ("--reveal", "--because", "the buyer asked")
    shown = shell.json("events", "show", "2", *because)
    told = shell.run("events", "show", "2", *because).stdout

    assert "ada2@example.org" not in hidden.stdout
    assert (2, "") == (silent.exit_code, silent.stdout)
    assert ["ada2@example.org"] == shown["person"]["email"]
    assert "ada2@example.org" in told
    noted = audit.entries(full, Wanted(action="revealed")).entries
    assert [("delivery 2", "the buyer asked")] * 2 == [
        (one.subject, one.detail) for one in noted
    ]
