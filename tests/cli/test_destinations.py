from datetime import UTC, datetime

from forwarder.core.delivery import Blocked, Delivered
from forwarder.pipeline.drain import Desk, drain
from forwarder.store import Store, audit
from tests.cli.conftest import Shell
from tests.pipeline.stand_in import StandIn, say
from tests.store.shop import an_event, take

NOW = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251  the commands' clock


def test_a_destination_is_paused_and_resumed(store: Store, shell: Shell) -> None:
    take(store, an_event(1, at=NOW), at=NOW)
    paused = shell.json("destinations", "pause", "main", "--because", "a sale")
    again = shell.run("destinations", "pause", "main")
    listed = shell.run("destinations", "list").stdout

    assert ("paused", "a sale", 1) == (
        paused["state"],
        paused["reason"],
        paused["pending"],
    )
    assert "it is paused already\n" in again.stdout
    assert listed.startswith("main              paused (a sale)  1 pending")
    resumed = shell.run("destinations", "resume", "main")
    assert resumed.stdout.startswith("it is called again\nmain              active")
    assert "nothing held it" in shell.run("destinations", "resume", "main").stdout
    noted = audit.entries(store, audit.Wanted()).entries
    assert ["destination resumed", "destination paused"] == [e.action for e in noted]


def test_a_blocked_destination_says_why_and_until_when(
    store: Store, shell: Shell
) -> None:
    take(store, an_event(1, at=NOW), at=NOW)
    desk = Desk(store=store, worker="w", clock=lambda: NOW, jitter=lambda: 0.5)
    drain(StandIn(script=[say(Blocked("auth", "no")), say(Delivered())]), desk)
    (told,) = shell.json("destinations", "list")["items"]

    assert ("main", "blocked", "closed", "auth", "no") == (
        told["name"],
        told["state"],
        told["breaker"],
        told["reason"],
        told["message"],
    )
    assert told["until"] > told["since"]
    assert "blocked (Pinterest does not accept the token) until" in (
        shell.run("destinations", "list").stdout
    )


def test_a_destination_that_is_not_there_is_wrong_usage(shell: Shell) -> None:
    result = shell.run("destinations", "pause", "nowhere")

    assert (2, True) == (result.exit_code, "there is main" in result.stderr)
