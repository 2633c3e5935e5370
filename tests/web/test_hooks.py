import http.client
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from config.settings import load
from forwarder import app as door
from forwarder.core.event import Notice
from forwarder.samples import TEST_SECRETS, cases, fresh
from forwarder.sources import SOURCES
from forwarder.store import Store, log, notice_log, open_store
from forwarder.store.log import Filter
from forwarder.store.migrate import upgrade
from forwarder.store.writer import StoreDown
from forwarder.web.bodies import BODY_MAX_BYTES
from tests.web.console_desk import DATA_KEY, NOW
from tests.web.doors import NOWHERE, Doors, an_order
from tests.web.served import serving
from tests.web.test_rules import SETTINGS


@pytest.fixture
def doors(sqlite_url: str) -> Iterator[Doors]:
    store = open_store(sqlite_url, [DATA_KEY], "web")
    upgrade(store)
    yield Doors(store)
    store.close()


@pytest.fixture
def client(doors: Doors) -> FlaskClient:
    return doors.app.test_client()


def post(client: FlaskClient, name: str, notice: Notice) -> TestResponse:
    return client.post(f"/hooks/{name}", data=notice.body, headers=dict(notice.headers))


def n_deliveries(store: Store) -> int:
    return len(log.list_deliveries(store, Filter()).lines)


def test_a_genuine_order_is_committed_before_the_answer(
    doors: Doors, client: FlaskClient
) -> None:
    reply = post(client, "shopify", an_order())

    assert 200 == reply.status_code
    assert {
        "accepted": 1,
        "duplicates": 0,
        "ignored": 0,
        "quarantined": 0,
        "notice": 1,
    } == reply.json
    assert 1 == n_deliveries(doors.store)
    assert ["main"] == doors.nudged


def test_a_repeat_is_counted_and_wakes_nobody(
    doors: Doors, client: FlaskClient
) -> None:
    first = post(client, "shopify", an_order()).json
    doors.nudged.clear()
    again = post(client, "shopify", an_order())

    assert first is not None
    assert (200, {**first, "accepted": 0, "duplicates": 1}) == (
        again.status_code,
        again.json,
    )
    assert (1, []) == (n_deliveries(doors.store), doors.nudged)


def test_the_same_id_with_another_body_is_flagged_and_not_sent(
    doors: Doors, client: FlaskClient
) -> None:
    order = an_order()
    other = replace(order, body=an_order(912_346).body)
    post(client, "shopify", order)
    signed = SOURCES["shopify"].sign(other, TEST_SECRETS["shopify"], NOW)
    reply = post(client, "shopify", signed)

    assert 1 == n_deliveries(doors.store)
    assert (200, 1) == (reply.status_code, (reply.json or {})["duplicates"])
    kept, first = notice_log.list_notices(doors.store, None)
    assert (True, kept.id) == (first.is_conflict, first.conflict_id)


def test_one_flipped_byte_is_forged_and_leaves_nothing(
    doors: Doors, client: FlaskClient
) -> None:
    order = an_order()
    reply = post(client, "shopify", replace(order, body=order.body + b" "))

    assert (401, {"error": "the signature does not match"}) == (
        reply.status_code,
        reply.json,
    )
    assert [] == notice_log.list_notices(doors.store, None)


def test_whoever_forges_costs_the_database_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "forwarder.toml"
    file.write_text(SETTINGS.replace("sqlite:///forwarder.db", NOWHERE))
    monkeypatch.setattr(door.telemetry, "setup", lambda *_: None)
    monkeypatch.setattr(door.slow, "watch", lambda: None)
    app = door.create_app(load({}, file, sources=SOURCES))
    order = an_order()
    forged = replace(order, body=order.body + b" ")
    reply = post(app.test_client(), "my-shop", forged)

    assert 401 == reply.status_code
    assert (tmp_path / "var" / "refused" / "my-shop.json").exists()


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_an_unsigned_request_is_forged_at_every_source(
    doors: Doors, client: FlaskClient, source: str
) -> None:
    assert 401 == client.post(f"/hooks/{source}", data=b"{}").status_code
    assert [] == notice_log.list_notices(doors.store, None)


def test_an_old_signature_is_stale(doors: Doors, client: FlaskClient) -> None:
    secret = TEST_SECRETS["standard_webhooks"]
    old = NOW - timedelta(seconds=301)
    notice = fresh("standard_webhooks", "checkout", secret, old, 912_345)
    reply = post(client, "standard_webhooks", notice)

    assert 400 == reply.status_code
    assert (reply.json or {})["error"].startswith("stale")
    assert [] == notice_log.list_notices(doors.store, None)


def test_a_genuine_but_unreadable_notice_is_kept_and_answered_well(
    doors: Doors, client: FlaskClient
) -> None:
    broken = replace(an_order(), body=b"\xff not JSON")
    signed = SOURCES["shopify"].sign(broken, TEST_SECRETS["shopify"], NOW)
    reply = post(client, "shopify", signed)

    assert (200, 1) == (reply.status_code, (reply.json or {})["quarantined"])
    assert ([], 0) == (doors.nudged, n_deliveries(doors.store))


def test_a_topic_without_event_is_ignored(client: FlaskClient) -> None:
    order = an_order()
    topic = {**order.headers, "x-shopify-topic": "products/create"}
    reply = post(client, "shopify", replace(order, headers=topic))

    assert (200, 1) == (reply.status_code, (reply.json or {})["ignored"])


def test_a_test_order_is_written_down_and_not_sent(
    doors: Doors, client: FlaskClient
) -> None:
    reply = post(client, "shopify", an_order(case="orders-paid-test"))

    assert (200, 1) == (reply.status_code, (reply.json or {})["accepted"])
    line = log.list_deliveries(doors.store, Filter()).lines[0]
    assert ("skipped", "test_order") == (line.status.value, line.reason)


def test_the_secret_of_an_unsigned_source_stands_in_the_address(
    doors: Doors, client: FlaskClient
) -> None:
    secret = TEST_SECRETS["mailchimp"]
    notice = fresh("mailchimp", "subscribe", secret, NOW, 912_345)

    assert 401 == post(client, "mailchimp", notice).status_code
    assert 401 == post(client, "mailchimp/wrong", notice).status_code
    reply = post(client, f"mailchimp/{secret}", notice)
    assert (200, 1) == (reply.status_code, (reply.json or {})["accepted"])
    assert secret not in str(notice_log.list_notices(doors.store, None))


def test_an_unknown_endpoint_is_not_found(client: FlaskClient) -> None:
    assert 404 == post(client, "nobody", an_order()).status_code


def test_a_paused_endpoint_asks_to_come_again(
    doors: Doors, client: FlaskClient
) -> None:
    reply = post(client, "paused", an_order())

    assert (503, "30") == (reply.status_code, reply.headers["Retry-After"])
    assert [] == notice_log.list_notices(doors.store, None)


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip", "x"])
def test_an_encoded_body_is_refused_unread(client: FlaskClient, encoding: str) -> None:
    order = an_order()
    headers = {**order.headers, "Content-Encoding": encoding}

    reply = client.post("/hooks/shopify", data=order.body, headers=headers)
    assert 415 == reply.status_code


def test_identity_is_no_encoding(client: FlaskClient) -> None:
    order = an_order()
    headers = {**order.headers, "Content-Encoding": "Identity"}

    reply = client.post("/hooks/shopify", data=order.body, headers=headers)
    assert 200 == reply.status_code


def test_a_body_over_the_limit_is_refused(client: FlaskClient) -> None:
    fits = client.post("/hooks/shopify", data=b"x" * BODY_MAX_BYTES)
    large = client.post("/hooks/shopify", data=b"x" * (BODY_MAX_BYTES + 1))

    assert (401, 413) == (fits.status_code, large.status_code)


def test_a_body_without_length_is_read_to_the_limit_only(client: FlaskClient) -> None:
    endless = BytesIO(b"x" * (BODY_MAX_BYTES * 2))
    untold = {"HTTP_TRANSFER_ENCODING": "chunked"}
    reply = client.post(
        "/hooks/shopify", input_stream=endless, environ_overrides=untold
    )

    assert 413 == reply.status_code
    assert BODY_MAX_BYTES + 1 == endless.tell()
    order = an_order()
    reply = client.post(
        "/hooks/shopify",
        input_stream=BytesIO(order.body),
        headers=dict(order.headers),
        environ_overrides=untold,
    )
    assert 200 == reply.status_code


@pytest.mark.parametrize("told", [BODY_MAX_BYTES + 1, 10**12])
def test_a_large_length_is_refused_before_reading(
    client: FlaskClient, told: int
) -> None:
    stream = BytesIO(b"x" * 100)
    lying = {"CONTENT_LENGTH": str(told)}
    reply = client.post("/hooks/shopify", input_stream=stream, environ_overrides=lying)

    assert (413, 0) == (reply.status_code, stream.tell())


def test_what_cannot_be_stored_is_asked_for_again() -> None:
    store = open_store(NOWHERE, [DATA_KEY], "web")
    reply = post(Doors(store).app.test_client(), "shopify", an_order())

    assert (503, "30") == (reply.status_code, reply.headers["Retry-After"])
    assert {"error": "not stored, send it again"} == reply.json
    store.close()


@pytest.mark.parametrize(
    "path",
    [
        "/hooks/shopify",
        "/hooks/nobody",
        f"/hooks/mailchimp/{TEST_SECRETS['mailchimp']}",
    ],
)
def test_a_probe_is_answered_well(client: FlaskClient, path: str) -> None:
    assert {"ok": True} == client.get(path).json
    assert 200 == client.head(path).status_code
    assert 405 == client.put(path).status_code


@pytest.mark.parametrize(
    "path",
    ["/hooks/mailchimp/wrong", "/hooks/nobody/secret", "/hooks/mailchimp/%ff"],
)
def test_a_probe_with_a_wrong_secret_finds_nothing(
    client: FlaskClient, path: str
) -> None:
    for reply in (client.get(path), client.head(path)):
        assert 404 == reply.status_code
    assert {"error": "no such endpoint"} == client.get(path).json


@pytest.mark.parametrize("source", ["mailchimp", "gumroad", "thrivecart", "zapier"])
def test_a_chunked_body_that_nothing_vouches_for_is_refused(
    client: FlaskClient, source: str
) -> None:
    case = next(one for one in cases(source) if not one.startswith("refused"))
    notice = fresh(source, case, TEST_SECRETS[source], NOW, 912_345)
    path = f"/hooks/{source}"
    if notice.path_secret:
        path += f"/{notice.path_secret}"
    reply = client.post(
        path,
        input_stream=BytesIO(notice.body),
        headers=dict(notice.headers),
        environ_overrides={"HTTP_TRANSFER_ENCODING": "chunked"},
    )

    assert 411 == reply.status_code
    assert reply.json is not None
    assert "Content-Length" in reply.json["error"]
    forged = client.post(
        f"/hooks/{source}",
        input_stream=BytesIO(b"{}"),
        environ_overrides={"HTTP_TRANSFER_ENCODING": "chunked"},
    )
    assert 401 == forged.status_code


def test_answers_are_counted_by_endpoint(client: FlaskClient) -> None:
    post(client, "shopify", an_order())
    client.post("/hooks/an-endpoint-that-a-stranger-made-up")
    text = client.get("/metrics").text

    name = "forwarder_webhooks_received_total"
    assert f'{name}{{endpoint="shopify",result="accepted"}}' in text
    assert f'{name}{{endpoint="unknown",result="unknown"}}' in text
    assert "stranger" not in text


@pytest.fixture
def served(tmp_path: Path) -> Iterator[int]:
    """The web role under its own server; the port it listens on."""
    with serving(tmp_path) as web:
        yield web.port


@pytest.mark.slow
def test_bodies_keep_their_limits_under_the_real_server(served: int) -> None:
    order = an_order()
    chunks = [order.body[:7], order.body[7:]]
    assert 200 == chunked(served, chunks, order)
    half = b"x" * (BODY_MAX_BYTES // 2)
    assert 413 == chunked(served, [half, half, b"xx"], order)
    large = b"x" * (BODY_MAX_BYTES + 1)
    assert 413 == talk(served, order, str(len(large)), large)
    # What follows the told length is not part of this request.
    assert 401 == talk(served, order, "10", order.body)
    big = fresh_body(order, BODY_MAX_BYTES - 1000)
    assert 200 == talk(served, big, str(len(big.body)), big.body)


def fresh_body(order: Notice, n_bytes: int) -> Notice:
    """A genuine body that is almost as large as a body may be."""
    padded = replace(order, body=order.body.rstrip() + b" " * n_bytes)
    cut = replace(padded, body=padded.body[:n_bytes])
    return SOURCES["shopify"].sign(cut, TEST_SECRETS["shopify"], NOW)


def chunked(port: int, chunks: list[bytes], order: Notice) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(
            "POST",
            "/hooks/my-shop",
            iter(chunks),
            dict(order.headers),
            encode_chunked=True,
        )
        return connection.getresponse().status
    finally:
        connection.close()


def talk(port: int, order: Notice, length: str, body: bytes) -> int:
    """Post by hand, with the length told; return the status."""
    lines = [f"{name}: {value}" for name, value in order.headers.items()]
    head = "\r\n".join(
        ["POST /hooks/my-shop HTTP/1.1", "host: a", f"content-length: {length}", *lines]
    )
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        try:
            connection.sendall(head.encode() + b"\r\n\r\n" + body)
        except (BrokenPipeError, ConnectionResetError):
            return 413  # it hung up before we were through
        answer = connection.recv(100)
    return int(answer.split()[1])


@pytest.mark.parametrize("path", ["/hooks", "/hooks/", "/hooks/a/b/c", "/hooks/a/"])
def test_what_is_no_webhook_address_is_told_in_json(
    client: FlaskClient, path: str
) -> None:
    for reply in (client.post(path), client.get(path)):
        assert (404, {"error": "no such endpoint"}) == (reply.status_code, reply.json)
    assert client.get("/elsewhere").json is None


@pytest.mark.parametrize(
    ("topic", "body", "status"),
    [
        ("products/create", None, "ignored"),
        ("orders/paid", b"{", "quarantined"),
    ],
)
def test_why_nothing_came_of_a_webhook_is_logged(
    client: FlaskClient, topic: str, body: bytes | None, status: str
) -> None:
    order = an_order()
    given = order.body if body is None else body
    headers = {**order.headers, "x-shopify-topic": topic}
    changed = replace(order, body=given, headers=headers)
    signed = SOURCES["shopify"].sign(changed, TEST_SECRETS["shopify"], NOW)
    with capture_logs() as lines:
        reply = post(client, "shopify", signed)

    assert 200 == reply.status_code
    assert [("shopify", status)] == [(one["endpoint"], one["status"]) for one in lines]
    assert lines[0]["reason"]


def test_a_reason_that_cannot_be_read_undoes_no_commit(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreDown

    monkeypatch.setattr("forwarder.web.hooks.find_notice", fail)
    order = an_order()
    headers = {**order.headers, "x-shopify-topic": "products/create"}
    reply = post(client, "shopify", replace(order, headers=headers))

    assert 200 == reply.status_code
    assert reply.json is not None
    assert 1 == reply.json["ignored"]
