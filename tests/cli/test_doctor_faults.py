"""Each of these misconfigurations turns `doctor` red, or yellow, with its mend."""

import os
import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import orjson
import pytest

from forwarder import lookout, outside
from forwarder.alerts.conditions import WARN, Condition
from forwarder.alerts.states import Telling, update
from forwarder.cli.checkup.of_store import disk_kind
from forwarder.store import Store, alerts, health, open_store, watch
from forwarder.store.inbox import accept
from forwarder.store.migrate import upgrade
from tests.certificates import certificate
from tests.cli.conftest import DATA_KEY, Shell
from tests.cli.test_doctor import Findings, Platform, here, platform, well
from tests.servers import free_port
from tests.store.shop import an_arrival, an_event, note_health, take
from tests.store.test_health import WELL

__all__ = ["here", "platform", "well"]  # fixtures

OTHER_KEY = "b3RoZXIta2V5LW9mLXRlc3RzLW90aGVyLWtleS0uLi4="


@dataclass(slots=True)
class Case:
    """An installation in which all is well, until a test spoils it."""

    shell: Shell
    store: Store
    platform: Platform
    patch: pytest.MonkeyPatch

    def settings(self, old: str, new: str) -> None:
        file = self.shell.folder / "forwarder.toml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def note(self, name: str, value: float = 1, ago: timedelta = timedelta(0)) -> None:
        now = self.store.now()
        watch.note_measure(self.store, name, "box", value, now - ago)

    def service(self, line: str) -> None:
        self.settings("[service]\n", f"[service]\n{line}\n")


@pytest.fixture
def case(
    shell: Shell, well: Store, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> Case:
    return Case(shell, well, platform, monkeypatch)


def wrong_key(case: Case) -> None:
    take(case.store, an_event(1), at=case.store.now())
    case.settings(DATA_KEY, OTHER_KEY)


def unreachable_database(case: Case) -> None:
    case.shell.write("postgresql://nobody@127.0.0.1:9/none")


def old_tables(case: Case) -> None:
    with case.store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")


def newer_tables(case: Case) -> None:
    with case.store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")


def old_sqlite(case: Case) -> None:
    case.patch.setattr("forwarder.cli.checkup.of_store.SQLITE_VERSION", "3.40.1")


def read_only_folder(case: Case) -> None:
    def access(path: object, mode: int) -> bool:
        return not str(path).endswith("var") or not mode & os.W_OK

    case.patch.setattr(os, "access", access)


def read_only_database(case: Case) -> None:
    case.patch.setattr(
        "forwarder.store.engine.SQLITE_PRAGMAS", ("journal_mode=WAL", "query_only=ON")
    )


def full_database(case: Case) -> None:
    """A file that may not grow by a page, as on a full disk."""
    case.patch.setattr("forwarder.store.checks._NOTHING", GROW)
    case.patch.setattr("forwarder.store.engine.SQLITE_PRAGMAS", ("max_page_count=1",))


GROW = watch.duties.insert().values(job="x" * 900_000, period="1", done_at=WELL.since)


def full_disk(case: Case) -> None:
    disk = SimpleNamespace(total=100, used=98, free=2)
    case.patch.setattr(shutil, "disk_usage", lambda _: disk)


def network_disk(case: Case) -> None:
    case.patch.setattr(
        "forwarder.cli.checkup.of_store._mounts", lambda: "box:/ / nfs4 rw 0 0"
    )


def broker_down(case: Case) -> None:
    case.patch.setenv("FORWARDER_BROKER_URL", f"redis://127.0.0.1:{free_port()}/0")
    case.patch.setattr(
        "forwarder.cli.checkup.of_work.fault_of_broker", lambda _: "OperationalError"
    )


def broker_evicts(case: Case) -> None:
    case.patch.setenv("FORWARDER_BROKER_URL", "redis://127.0.0.1:9/0")
    case.patch.setattr("forwarder.cli.checkup.of_work.fault_of_broker", lambda _: "")
    case.patch.setattr(
        "forwarder.cli.checkup.of_work.eviction_policy", lambda _: "allkeys-lru"
    )


def no_beat(case: Case) -> None:
    broker_evicts(case)


def clicks_wait(case: Case) -> None:
    _clicks_in(case, "1.clicks")


def clicks_are_refused(case: Case) -> None:
    _clicks_in(case, "1.refused")


def _clicks_in(case: Case, name: str) -> None:
    file = case.shell.folder / "var" / "clicks" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    then = file.stat().st_mtime - 600
    os.utime(file, (then, then))


def silent_beat(case: Case) -> None:
    broker_evicts(case)
    case.note("beat_seen", ago=timedelta(minutes=10))


def no_worker(case: Case) -> None:
    watch.forget_worker(case.store, "w")


def stuck_worker(case: Case) -> None:
    take(case.store, an_event(1), at=case.store.now() - timedelta(minutes=3))


def restarted_worker(case: Case) -> None:
    case.note("worker_restarts")


def clock_off(case: Case) -> None:
    case.platform.skew = timedelta(minutes=-5)


def token_refused(case: Case) -> None:
    case.platform.status = 401


def wrong_account(case: Case) -> None:
    case.platform.status = 404


def redirected(case: Case) -> None:
    case.platform.status = 301


def test_mode(case: Case) -> None:
    case.settings('ad_account_id = "549755885175"', TEST_MODE)


TEST_MODE = 'ad_account_id = "549755885175"\ntest_mode = true'


def token_is_placeholder(case: Case) -> None:
    case.settings("no-real-token", "put-the-token-here")


def endpoint_never_heard_from(case: Case) -> None:
    del case


def endpoint_quiet(case: Case) -> None:
    start = case.store.now() - timedelta(days=6)
    for hour in range(4 * 24):
        at = start + timedelta(hours=hour)
        arrival = an_arrival(an_event(hour, at=at), at=at)
        accept(case.store, replace(arrival, skips=["test_order"]))


def endpoint_paused(case: Case) -> None:
    case.settings('source = "shopify"', 'source = "shopify"\npaused = true')


def public_url_is_http(case: Case) -> None:
    case.patch.setenv("FORWARDER_PUBLIC_URL", "http://events.example.com")


def public_url_leads_nowhere(case: Case) -> None:
    url = f"https://forwarder.test:{free_port()}"
    go_there(case.patch, url, Path("/nowhere"))


def same_secret_twice(case: Case) -> None:
    text = (case.shell.folder / "forwarder.toml").read_text()
    endpoint = text[text.index("[endpoints.my-shop]") :]
    other = endpoint.replace("my-shop", "other-shop")
    (case.shell.folder / "forwarder.toml").write_text(text + other)


def short_secret(case: Case) -> None:
    text = (case.shell.folder / "forwarder.toml").read_text()
    secret = text.partition('secrets = ["')[2].partition('"')[0]
    case.settings(secret, "short-secret")


def oldest_waits(case: Case) -> None:
    take(case.store, an_event(1), at=case.store.now() - timedelta(hours=2))
    health.note_worker(case.store, "w", case.store.now(), has_worked=True)


def past_its_deadline(case: Case) -> None:
    note_health(case.store, replace(WELL, max_age_s=7 * 86_400))
    old = case.store.now() - timedelta(days=6, hours=20)
    take(case.store, an_event(1, at=old), at=case.store.now())


def waits_for_nobody(case: Case) -> None:
    now = case.store.now()
    arrival = an_arrival(an_event(1, at=now), at=now, destination="gone")
    accept(case.store, arrival)


def open_env_file(case: Case) -> None:
    file = case.shell.folder / ".env"
    file.write_text("")
    file.chmod(0o644)


def env_file_of_a_group(case: Case) -> None:
    open_env_file(case)
    (case.shell.folder / ".env").chmod(0o640)


def open_key_file(case: Case) -> None:
    file = case.shell.folder / "data-key"
    file.write_text(DATA_KEY)
    file.chmod(0o644)
    case.patch.setenv("FORWARDER_DATA_KEYS_FILE", str(file))


def impossible_retention(case: Case) -> None:
    case.service("keep_repeats_days = 30")
    case.settings('ad_account_id = "549755885175"', LONG_AGE)


LONG_AGE = 'ad_account_id = "549755885175"\nmax_event_age_h = 2000'


def person_outlives_log(case: Case) -> None:
    case.service("keep_person_h = 2000\nkeep_log_days = 30")


def blocked(case: Case) -> None:
    state = replace(WELL, state=health.BLOCKED, reason="auth", message="no token")
    note_health(case.store, state)


def paused_by_a_person(case: Case) -> None:
    note_health(case.store, WELL)
    with case.store.write() as connection:
        connection.exec_driver_sql(
            "UPDATE destinations SET paused_at = since, paused_by = 'anna'"
        )


def an_open_alert(case: Case) -> None:
    wrong = Condition(subject="", severity=WARN, summary="It is.", mend="Do.")
    now = case.store.now()
    update(case.store, "disk", [wrong], Telling(channels=["email"], public_url=""), now)


def a_message_that_does_not_leave(case: Case) -> None:
    an_open_alert(case)
    [message] = alerts.claim_messages(case.store, case.store.now())
    alerts.settle_message(
        case.store, message, case.store.now(), "the mail server: gone"
    )


Spoil = Callable[[Case], None]
FAULTS: list[tuple[Spoil, str, str, str, str]] = [
    (wrong_key, "red", "keys", "no data key opens", "back into service.data_keys"),
    (unreachable_database, "red", "database", "no answer", "service.database_url"),
    (old_tables, "red", "database", "of version 0001, not", "forwarder db upgrade"),
    (newer_tables, "red", "database", "newer than", "install the newer program"),
    (old_sqlite, "warn", "database", "may lose commits", "pysqlite3"),
    (read_only_folder, "red", "folder", "can not be written to", "chown"),
    (read_only_database, "red", "database", "read, not written", "ours to write"),
    (full_database, "red", "database", "read, not written", "make room"),
    (full_disk, "red", "disk", "2% free", "make room"),
    (network_disk, "red", "database", "a network disk (nfs4)", "to a local disk"),
    (broker_down, "red", "broker", "no answer (OperationalError)", "start it"),
    (broker_evicts, "warn", "broker", "Redis evicts (allkeys-lru)", "noeviction"),
    (no_beat, "warn", "beat", "no beat has ever run", "start `forwarder beat`"),
    (silent_beat, "warn", "beat", "no beat for 10 minutes", "start `forwarder beat`"),
    (clicks_wait, "red", "clicks", "for 10 minutes", "`clicks not imported`"),
    (clicks_are_refused, "warn", "clicks", "1 file in ", "docs/clicks.md"),
    (no_worker, "red", "worker", "no worker has been seen", "start serve"),
    (stuck_worker, "red", "worker", "none was sent for a minute", "restart the worker"),
    (restarted_worker, "warn", "worker", "was started again", "`watchdog`"),
    (clock_off, "red", "clock", "5 minutes ahead", "let NTP set the clock"),
    (token_refused, "red", "main", "HTTP 401", "make a new token"),
    (wrong_account, "red", "main", "HTTP 404", "destinations.ad_account_id"),
    (redirected, "red", "main", "a redirect", "destinations.base_url"),
    (test_mode, "warn", "main", "test_mode is on", "test_mode = false"),
    (token_is_placeholder, "red", "main", "still the placeholder", "a new token"),
    (endpoint_never_heard_from, "warn", "my-shop", "no webhook yet", "docs/sources/"),
    (endpoint_quiet, "red", "my-shop", "not usual", "the webhook is still on"),
    (endpoint_paused, "warn", "my-shop", "answered 503", "paused = false"),
    (public_url_is_http, "red", "address", "is not https", "a proxy with TLS"),
    (public_url_leads_nowhere, "red", "address", "no answer", "check proxy, port"),
    (same_secret_twice, "red", "secrets", "have the same secret", "give each its own"),
    (short_secret, "warn", "secrets", "shorter than 16", "can be guessed"),
    (oldest_waits, "red", "waiting", "waits for 2 hours", "forwarder events list"),
    (past_its_deadline, "red", "waiting", "1 event for main will be", "too old"),
    (waits_for_nobody, "red", "waiting", "1 delivery for gone", "events discard"),
    (open_env_file, "red", "files", "every user of this machine", "chmod 600 .env"),
    (env_file_of_a_group, "warn", "files", "a group of users", "chmod 600 .env"),
    (open_key_file, "red", "files", "may read data-key", "chmod 600 data-key"),
    (impossible_retention, "red", "retention", "sent again", "keep_repeats_days"),
    (
        person_outlives_log,
        "warn",
        "retention",
        "outlives keep_log_days",
        "keep_person_h",
    ),
    (blocked, "red", "main", "blocked since", "Make a new conversion access token"),
    (paused_by_a_person, "warn", "main", "by anna", "destinations resume main"),
    (an_open_alert, "warn", "alerts", "1 alert open: disk", "forwarder alerts list"),
    (a_message_that_does_not_leave, "red", "alerts", "gone", "forwarder alerts test"),
]


def examined(shell: Shell) -> Findings:
    found: Findings = orjson.loads(shell.run("doctor", "--json").stdout)["findings"]
    return found


@pytest.mark.parametrize(
    ("spoil", "verdict", "check", "seen", "mend"),
    FAULTS,
    ids=[fault[0].__name__ for fault in FAULTS],
)
def test_a_fault_is_told_with_its_mend(
    case: Case, spoil: Spoil, verdict: str, check: str, seen: str, mend: str
) -> None:
    before = examined(case.shell)
    spoil(case)
    result = case.shell.run("doctor", "--json")
    after: Findings = orjson.loads(result.stdout)["findings"]
    found = [one for one in after if one not in before]
    if spoil is endpoint_never_heard_from:
        found = before
    hits = [one for one in found if one["check"] == check and seen in one["seen"]]

    assert [verdict] == [one["verdict"] for one in hits[:1]], after
    assert mend in hits[0]["mend"]
    assert int(any(one["verdict"] == "red" for one in after)) == result.exit_code


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (DATA_KEY, "c2hvcnQ=", "is not 32 bytes in base64url"),
        (f'data_keys = ["{DATA_KEY}"]', 'data_keys = ["env:NOWHERE"]', "NOWHERE"),
        ('secrets = ["', 'secrets = ["put-the-', "still holds what `forwarder init`"),
        ('destination = "main"', 'destination = "mian"', "did you mean main?"),
        ("[service]", "[service]\ndata_dirr = 1", "is not known"),
    ],
)
def test_settings_that_can_not_be_used_are_findings_too(
    shell: Shell, old: str, new: str, fault: str
) -> None:
    file = shell.folder / "forwarder.toml"
    file.write_text(file.read_text().replace(old, new))
    result = shell.run("doctor", "--json")
    found = orjson.loads(result.stdout)["findings"]

    assert 2 == result.exit_code
    assert any(fault in one["seen"] for one in found), found
    assert {"red"} == {one["verdict"] for one in found}


def test_an_installation_in_order_is_not_red(case: Case) -> None:
    assert [] == [one for one in examined(case.shell) if one["verdict"] == "red"]


@pytest.mark.parametrize(
    ("file", "kind"),
    [("/a/b/c", "nfs4"), ("/a/bc", "ext4"), ("/tmp-a", "ext4")],  # noqa: S108
)
def test_the_nearest_mount_tells_the_kind_of_disk(file: str, kind: str) -> None:
    mounts = "disk / ext4 rw 0 0\nbox:/x /a/b nfs4 rw 0 0\n"

    assert kind == disk_kind(Path(file), mounts)


# The public address, for real: a server with a certificate of its own making.


@dataclass(slots=True)
class Front:
    """What answers at the public address."""

    url: str
    body: bytes = b"{}"


def go_there(patch: pytest.MonkeyPatch, url: str, ca: Path) -> None:
    """Let the name of the public address lead to this machine, and trust its key."""

    def session(_: str) -> object:
        made = outside.session(allow_private=True, any_port=True)
        made.verify = str(ca) if ca.exists() else True
        return made

    found = socket.getaddrinfo

    def look_up(host: object, *rest: object, **more: object) -> object:
        name = "127.0.0.1" if host == "forwarder.test" else host
        return found(name, *rest, **more)  # type: ignore[call-overload]

    patch.setattr(socket, "getaddrinfo", look_up)
    patch.setattr(lookout, "session_for", session)
    patch.setenv("FORWARDER_PUBLIC_URL", url)


@pytest.fixture
def front(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Front]:
    left: timedelta = request.param
    file = certificate(tmp_path, left)
    made = Front("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Content-Length", str(len(made.body)))
            self.end_headers()
            self.wfile.write(made.body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        server.socket = context.wrap_socket(server.socket, server_side=True)
        made.url = f"https://forwarder.test:{server.server_address[1]}"
        go_there(monkeypatch, made.url, file)
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def at_the_door(shell: Shell, check: str) -> list[tuple[str, str]]:
    return [
        (one["verdict"], one["seen"])
        for one in examined(shell)
        if one["check"] == check and "trusted_proxies" not in one["seen"]
    ]


@pytest.mark.parametrize(
    ("front", "verdict", "seen"),
    [
        (timedelta(days=60), "ok", "good for 59 days"),
        (timedelta(days=10), "warn", "it ends in 10 days"),
        (timedelta(hours=30), "red", "it ends in 30 hours"),
    ],
    indirect=["front"],
)
def test_the_certificate_of_the_public_address_is_looked_at(
    case: Case, front: Front, verdict: str, seen: str
) -> None:
    opened = open_store("sqlite:///x.db", [DATA_KEY])
    front.body = orjson.dumps({"instance": opened.sealer.secret("instance")[:6].hex()})

    assert [("ok", f"{front.url} leads here")] == at_the_door(case.shell, "address")
    assert [(verdict, seen)] == at_the_door(case.shell, "certificate")
    opened.close()


@pytest.mark.parametrize("front", [timedelta(days=-1)], indirect=True)
def test_a_certificate_that_has_ended_is_red(case: Case, front: Front) -> None:
    assert [("red", f"{front.url}: its certificate has ended")] == at_the_door(
        case.shell, "address"
    )
    assert [("red", "it has ended: shops post no webhooks")] == at_the_door(
        case.shell, "certificate"
    )


@pytest.mark.parametrize("front", [timedelta(days=60)], indirect=True)
@pytest.mark.parametrize(
    ("body", "seen"),
    [
        (b'{"instance": "other"}', "another installation of the forwarder answers"),
        (b"<html>", "something else answers there (HTTP 200)"),
        (b'{"ok": true}', "something else answers there (HTTP 200)"),
    ],
)
def test_an_address_that_leads_elsewhere_is_red(
    case: Case, front: Front, body: bytes, seen: str
) -> None:
    front.body = body
    [(verdict, told)] = at_the_door(case.shell, "address")

    assert "red" == verdict
    assert seen in told


def test_the_database_clock_is_compared_on_postgresql(
    case: Case, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.shell.write(postgres_url)
    remote = open_store(postgres_url, [DATA_KEY])
    upgrade(remote)
    remote.close()
    ahead = partial(_ahead, datetime)
    monkeypatch.setattr(
        "forwarder.cli.checkup.of_places.datetime", SimpleNamespace(now=ahead)
    )

    assert ("red", "10 minutes ahead compared with the database's") in [
        (one["verdict"], one["seen"]) for one in examined(case.shell)
    ]


def _ahead(clock: type[datetime], zone: object) -> datetime:
    del zone
    return clock.now(UTC) + timedelta(minutes=10)
