"""What the console's desk pages do, from the command line: users, settings, quality."""

from datetime import UTC, datetime, timedelta

from forwarder.core.delivery import Delivered, Encoded, Refused, Skipped
from forwarder.core.event import Event
from forwarder.destinations import PLAIN, build_destination
from forwarder.pipeline.drain import Desk, drain
from forwarder.samples import TEST_SECRETS
from forwarder.store import Store, access, audit, health, tallies
from forwarder.store.audit import Wanted
from tests.cli.conftest import DATA_KEY, Shell
from tests.pipeline.stand_in import StandIn, each
from tests.store.shop import an_event, take

PASSWORD = "correct horse battery"
TWICE = f"{PASSWORD}\n{PASSWORD}\n"
NOW = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251  the commands' clock


class AsPinterest(StandIn):
    """Writes events as they leave for Pinterest, and sends them nowhere."""

    def encode(self, event: Event) -> Encoded | Refused | Skipped:
        real = build_destination("main", PLAIN, drop_reserved_domains=False)
        return real.encode(event)


def said(store: Store) -> list[tuple[str, str, str]]:
    trail = audit.entries(store, Wanted())
    return [(one.action, one.subject, one.detail) for one in trail.entries]


def test_a_user_gets_another_role_and_is_shut_out_for_now(
    shell: Shell, store: Store
) -> None:
    shell.run("user", "add", "ada", "--role", "viewer", text=TWICE)
    assert "ada is admin now" in shell.run("user", "role", "ada", "admin").stdout
    out = shell.run("user", "disable", "ada")
    assert "forwarder user enable ada" in out.stdout
    assert access.log_in(store, "ada", PASSWORD, NOW) is None
    assert "shut out since" in shell.run("user", "list").stdout
    again = shell.run("user", "disable", "ada")
    assert (1, "there is no user ada who may log in\n") == (
        again.exit_code,
        again.stderr,
    )
    assert 0 == shell.run("user", "enable", "ada").exit_code
    user = access.log_in(store, "ada", PASSWORD, NOW)

    assert user is not None
    assert "admin" == user.role
    assert [
        ("user enabled", "ada", ""),
        ("user disabled", "ada", ""),
        ("role changed", "ada", "role admin"),
    ] == said(store)[:3]


def test_who_is_not_there_is_bad_news_for_each_command(shell: Shell) -> None:
    for words in (("role", "eve", "admin"), ("disable", "eve"), ("enable", "eve")):
        result = shell.run("user", *words)
        assert (1, True) == (result.exit_code, "there is no user eve" in result.stderr)
    assert 2 == shell.run("user", "role", "eve", "king").exit_code


def test_settings_are_shown_with_their_origin_and_without_secrets(
    shell: Shell,
) -> None:
    short = shell.run("settings")
    whole = shell.run("settings", "--all")
    told = shell.json("settings")
    values = {(one["table"], one["key"]): one for one in told["items"]}

    assert 0 == short.exit_code
    assert '  source = "shopify"  (settings file)' in short.stdout
    assert "web_threads" not in short.stdout
    assert "  web_threads = 8 threads  (default)" in whole.stdout
    assert "stands in the settings file in clear" in short.stderr
    assert "set" == values["endpoints.my-shop", "secrets"]["value"]
    assert "forwarder.toml" in told["file"]
    for secret in (DATA_KEY, TEST_SECRETS["shopify"], "no-real-token"):
        assert secret not in whole.output + str(told)


def test_settings_that_can_not_be_read_are_wrong_use(shell: Shell) -> None:
    (shell.folder / "forwarder.toml").write_text("[nothing]\n")

    assert 2 == shell.run("settings").exit_code


def test_match_quality_is_told_with_its_advice(shell: Shell, store: Store) -> None:
    assert "nothing was sent in 7 days" in shell.run("quality").stdout
    for number in (1, 2):
        take(store, an_event(number, at=NOW), at=NOW)
    desk = Desk(store=store, worker="w", clock=lambda: NOW, jitter=lambda: 0.5)
    drain(AsPinterest(script=[each(Delivered(), Refused("invalid", "currency"))]), desk)
    text = shell.run("quality", "--endpoint", "my-shop").stdout
    (found,) = shell.json("quality")["matches"]

    assert "my-shop: checkout, the newest 2" in text
    assert "E-mail address" in text
    assert "E-mail address               100 %" in text
    assert "Within the hour              100 %" in text
    identifiers = found["identifiers"]
    assert (1.0, 0.0) == (identifiers["email"], identifiers["click_id"])
    assert (2, 2, 1) == (found["events"], found["written"], found["delivered"])
    assert 2 == shell.run("quality", "--endpoint", "nobody").exit_code


def test_the_overview_answers_whether_it_works(shell: Shell, store: Store) -> None:
    assert "half within" not in shell.run("overview").stdout
    take(store, an_event(1, at=NOW), at=NOW)
    desk = Desk(store=store, worker="w", clock=lambda: NOW, jitter=lambda: 0.5)
    drain(StandIn(script=[each(Delivered())]), desk)
    health.note_worker(store, "w", store.now(), has_worked=True)
    tallies.flush(store)
    told, text = shell.json("overview"), shell.run("overview").stdout

    assert ("good", 1, 1) == (
        told["state"],
        told["events"],
        told["by_status"]["delivered"],
    )
    assert text.startswith("Yes. Webhooks are taken and deliveries are sent.\n")
    assert "Delivered                    1\n" in text
    assert "half within" in text
    health.note_worker(store, "w", store.now() - timedelta(hours=2), has_worked=True)
    take(store, an_event(2, at=NOW), at=NOW - timedelta(hours=1))
    stuck = shell.run("overview")
    assert (1, True) == (stuck.exit_code, stuck.stdout.startswith("No: "))
