"""Whatever strangers put into headers and bodies: the intended 4xx, never a 500."""

import gzip
import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from forwarder.core.event import Notice
from forwarder.core.signing import Scheme
from forwarder.samples import TEST_SECRETS, cases, fresh
from forwarder.sources import SOURCES
from forwarder.store import log, open_store
from forwarder.store.log import Filter
from forwarder.store.migrate import upgrade
from tests.web.console_desk import DATA_KEY, NOW
from tests.web.doors import Doors, an_order
from tests.web.served import Served, serving

SIGNED = {
    source: sorted({v.header for v in vars(module).values() if isinstance(v, Scheme)})
    for source, module in SOURCES.items()
}
SIGNED_SOURCES = [source for source, headers in SIGNED.items() if headers]


def genuine(source: str) -> Notice:
    case = next(one for one in cases(source) if not one.startswith("refused"))
    return fresh(source, case, TEST_SECRETS[source], NOW, 912_345)


SIGNED_IN_A_HEADER = [  # the first sample of the others carries its secret elsewhere
    source
    for source in SIGNED_SOURCES
    if {*SIGNED[source]} & {*genuine(source).headers}
]
# As WSGI hands them over: each character is a byte from 0 to 255.
MALFORMED = [
    "",
    " ",
    ",",
    "=",
    "==",
    "t=",
    "v1=",
    "v1,",
    "t=,v1=",
    "t=1,t=2,v1=ab",
    "t=99999999999999999999,v1=ab",
    "t=-1,v1=ab",
    "t=1e9,v1=ab",
    "t=\u0661,v1=ab",
    "sha256=",
    "sha256=" + "0" * 64,
    "0" * 64,
    "A" * 44,
    "not base64 at all!",
    "\x80\xff\xfe",
    "\xc3\xa9",
    "a" * 4_096,
    "a" * 60_000,
    "v1=" * 10_000,
    "\x00",
    "\x7f",
    "';--",
    "{{7*7}}",
    "%s%n",
]
HOSTILE_BODIES: Mapping[str, bytes] = {
    "nothing": b"",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"id": 1}'.encode("utf-16"),
    "UTF-32": '{"id": 1}'.encode("utf-32"),
    "broken UTF-8": b'{"id": "\xff\xfe"}',
    "NUL": b'{"id": "a\\u0000b"}',
    "a raw NUL": b'{"id": "a\x00b"}',
    "half a surrogate": b'{"id": "\\ud800"}',
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "unclosed": b"[" * 100_000,
    "infinity": b'{"id": 1e400, "total_price": 1e400}',
    "minus infinity": b'{"id": -1e999999999}',
    "NaN": b'{"id": NaN}',
    "Infinity": b'{"id": Infinity}',
    "many digits": b'{"id": ' + b"9" * 100_000 + b"}",
    "many decimals": b'{"total_price": 0.' + b"1" * 100_000 + b"}",
    "a huge exponent": b'{"total_price": "1E+999999999"}',
    "keys twice": b'{"id": 1, "id": 2}',
    "many keys": json.dumps({f"k{n}": n for n in range(20_000)}).encode(),
    "a long key": b'{"' + b"k" * 500_000 + b'": 1}',
    "null": b"null",
    "a number": b"1",
    "a text": b'"x"',
    "a list": b"[]",
    "a form": b"a=1&b=2&=&%ff=%fe",
    "a deep form": b"a" + b"[b]" * 5_000 + b"=1",
    "many fields": b"&".join(b"k%d=v" % n for n in range(20_000)),
    "gzip": gzip.compress(b"{}"),
    "random": bytes(range(256)) * 40,
}


@pytest.fixture
def doors(sqlite_url: str) -> Iterator[Doors]:
    store = open_store(sqlite_url, [DATA_KEY], "web")
    upgrade(store)
    yield Doors(store)
    store.close()


@pytest.fixture
def client(doors: Doors) -> FlaskClient:
    return doors.app.test_client()


def n_events(doors: Doors) -> int:
    return len(log.list_deliveries(doors.store, Filter()).lines)


def post(client: FlaskClient, source: str, notice: Notice) -> int:
    path = f"/hooks/{source}"
    if notice.path_secret:
        path += f"/{notice.path_secret}"
    environ = {
        f"HTTP_{name.upper().replace('-', '_')}": value
        for name, value in notice.headers.items()
        if name not in {"content-type", "content-length"}
    }
    kind = notice.headers.get("content-type", "application/json")
    answer = client.post(
        path, data=notice.body, content_type=kind, environ_overrides=environ
    )
    return answer.status_code


@pytest.mark.parametrize("source", SIGNED_SOURCES)
def test_a_malformed_signature_is_forged_and_leaves_nothing(
    source: str, doors: Doors, client: FlaskClient
) -> None:
    notice, headers_of = genuine(source), SIGNED[source]
    for name in headers_of:
        for value in MALFORMED:
            others = {n: v for n, v in notice.headers.items() if n not in headers_of}
            headers = {**others, name: value}
            bare = replace(notice, headers=headers, path_secret="")
            status = post(client, source, bare)
            assert 401 == status, (name, value[:40])

    assert 0 == n_events(doors)


@pytest.mark.parametrize("source", SIGNED_IN_A_HEADER)
def test_a_signature_sent_twice_is_forged(
    source: str, doors: Doors, client: FlaskClient
) -> None:
    """The server joins two headers of one name with a comma."""
    notice = genuine(source)
    name = next(one for one in SIGNED[source] if one in notice.headers)
    value = notice.headers[name]
    forged = value[:-2] + ("00" if value[-2:] != "00" else "11")
    for joined in (f"{forged},{forged}", f"{forged},", f",{forged}"):
        headers = {**notice.headers, name: joined}
        status = post(client, source, replace(notice, headers=headers))
        assert 401 == status, joined[:60]

    assert 0 == n_events(doors)


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_a_hostile_body_is_never_a_fault_of_ours(
    source: str, client: FlaskClient
) -> None:
    """Signed as well, so that it is read; what cannot be read is kept for a person."""
    sample = genuine(source)
    for word, body in HOSTILE_BODIES.items():
        raw = replace(sample, body=body)
        signed = SOURCES[source].sign(raw, TEST_SECRETS[source], NOW)
        unsigned = replace(raw, headers={}, path_secret="")

        assert post(client, source, signed) in {200, 401}, word
        assert post(client, source, unsigned) in {200, 401}, word


@pytest.mark.parametrize("word", HOSTILE_BODIES)
def test_a_hostile_body_at_the_api_is_the_senders_fault(
    word: str, doors: Doors, client: FlaskClient
) -> None:
    headers = doors.key("events:write")
    answer = client.post("/api/v1/events", data=HOSTILE_BODIES[word], headers=headers)

    assert answer.status_code in {400, 422}
    assert answer.json is not None
    assert len(answer.data) < 3_000_000
    assert 0 == n_events(doors)


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"person": value}
    return value


@pytest.mark.parametrize("value", ["1e400", "NaN", "9" * 5_000, "-0", "1E+999999999"])
@pytest.mark.parametrize("as_text", [True, False])
def test_a_number_out_of_bounds_at_the_api_is_told_by_field(
    value: str, doors: Doors, client: FlaskClient, *, as_text: bool
) -> None:
    written = f'"{value}"' if as_text else value
    body = (
        '{"event_id": "a", "kind": "checkout", "occurred_at": "2026-11-21T08:00:00Z",'
        '"person": {"email": "ada@example.com"},'
        f'"order": {{"id": "1", "value": {written}, "currency": "EUR"}}}}'
    )
    answer = client.post("/api/v1/events", data=body, headers=doors.key("events:write"))

    expected = {200} if value == "-0" else {400, 422}
    assert answer.status_code in expected


def test_the_name_of_an_unknown_field_is_told_only_if_it_is_no_value(
    doors: Doors, client: FlaskClient
) -> None:
    event = {"emial": 1, "491701234567": 1, "ada@example.com": 1, "k" * 41: 1}
    answer = client.post(
        "/api/v1/events", json=event, headers=doors.key("events:write")
    )

    assert 422 == answer.status_code
    assert "emial" in answer.text
    for value in ("491701234567", "ada@example.com", "k" * 41):
        assert value not in answer.text
    reader = doors.key("read")
    asked = client.get("/api/v1/deliveries?491701234567=1&statsu=1", headers=reader)
    assert (422, False) == (asked.status_code, "491701234567" in asked.text)
    assert "statsu" in asked.text


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer ",
        "bearer \xff",
        "Basic YTpi",
        "Bearer " + "a" * 60_000,
        "Bearer a b",
        "\x00",
        "Bearer \ud800",
    ],
)
def test_a_malformed_authorization_opens_nothing(
    value: str, client: FlaskClient
) -> None:
    environ = {"HTTP_AUTHORIZATION": value}
    answer = client.get("/api/v1/deliveries", environ_overrides=environ)

    assert 401 == answer.status_code


# What follows goes over the wire, through the real server.


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("torture")) as web:
        yield web


def raw(port: int, data: bytes) -> int:
    """Send these bytes; return the status, 0 when the server just hung up."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        try:
            connection.sendall(data)
            answer = connection.recv(200)
        except (BrokenPipeError, ConnectionResetError):
            return 0
    return int(answer.split()[1]) if answer else 0


def request_of(order: Notice, *more: bytes, body: bytes | None = None) -> bytes:
    sent = order.body if body is None else body
    lines = [f"{n}: {v}".encode() for n, v in order.headers.items()]
    lines += [b"host: a", b"content-length: %d" % len(sent), *more]
    return (
        b"POST /hooks/my-shop HTTP/1.1\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + sent
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([], {200}),
        ([b"x-shopify-hmac-sha256: \xff\xfe\x80"], {401}),
        ([b"x-shopify-hmac-sha256: \xc3\xa9"], {401}),
        ([b"x-shopify-hmac-sha256: AAAA"], {401}),
        ([b"x-other: " + b"a" * 30_000], {200}),
        ([b"x-other: " + b"a" * 100_000], {0, 431}),
        ([b"x-%d: a" % n for n in range(2_000)], {0, 400, 431}),
        ([b"content-encoding: gzip"], {415}),
        ([b"content-length: 1"], {400, 401}),
        ([b"transfer-encoding: chunked"], {0, 400, 401}),
        ([b"transfer-encoding: gzip"], {0, 400, 401}),
        ([b"bad header"], {400}),
        ([b"x: a\r\n b"], {400}),
        ([b"x\x00: a"], {400}),
        ([b"x-shopify-topic: \xff"], {200, 401}),
        ([b"expect: 100-continue"], {100, 200}),
    ],
)
def test_headers_over_the_wire_are_answered_as_intended(
    more: list[bytes], expected: set[int], served: Served
) -> None:
    order = fresh("shopify", "orders-paid", TEST_SECRETS["shopify"], NOW, 912_346)
    status = raw(served.port, request_of(order, *more))

    assert status in expected
    assert 200 == raw(served.port, b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"GET / HTTP/1.1", {302}),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1", {0, 414, 431}),
        (b"GET /hooks/%ff%fe HTTP/1.1", {0, 200, 400, 404}),
        (b"GET /hooks/a%00b HTTP/1.1", {200, 400, 404}),
        (b"GET /hooks/../console/deliveries HTTP/1.1", {303, 400, 404}),
        (b"GET //hooks/my-shop HTTP/1.1", {200, 308, 400, 404}),
        (b"GET http://elsewhere.example/hooks/my-shop HTTP/1.1", {200, 400, 404}),
        (b"BREW /hooks/my-shop HTTP/1.1", {405}),
        (b"GET / HTTP/9.9", {0, 400, 505}),
        (b"\x16\x03\x01", {0, 400}),
    ],
)
def test_request_lines_over_the_wire_are_answered_as_intended(
    line: bytes, expected: set[int], served: Served
) -> None:
    status = raw(served.port, line + b"\r\nhost: a\r\n\r\n")

    assert status in expected
    assert 200 == raw(served.port, b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")


@pytest.mark.slow
def test_nothing_of_this_was_a_fault_of_ours(served: Served) -> None:
    """Runs last in file order; in any order it holds for what ran before."""
    raw(served.port, request_of(an_order(), b"cookie: \xff"))
    text = served.log.read_text("utf-8", "replace")

    assert "Traceback" not in text
    assert '"level":"error"' not in text
    assert "panicked" not in text
