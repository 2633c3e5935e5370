import gzip
import http.server
import socket
import socketserver
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import pytest
import requests
import urllib3.connection
from urllib3 import HTTPConnectionPool

from forwarder import outside

INSIDE = [
    "http://127.0.0.1/",
    "http://127.9.9.9/",
    "http://localhost/",
    "http://api.localhost/",
    "http://router.local/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://nas.home.arpa/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://100.100.100.200/latest/meta-data/",
    "http://0.0.0.0/",
    "http://0/",
    "http://10.1.2.3/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://192.0.0.1/",
    "http://192.0.2.1/",
    "http://192.88.99.1/",
    "http://198.18.0.1/",
    "http://100.64.0.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://[::]/",
    "http://[::1]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::1]/",
    "http://[2001:0:7f00:1::1]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[5f00::1]/",
    "http://[100::1]/",
    "http://[fc00::1]/",
    "http://[fd00::1]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
]
MISWRITTEN = [
    "https://user@example.com/",
    "https://user:password@example.com/",
    "https://example.com@127.0.0.1/",
    "https://example.com:8443/",
    "http://example.com:22/",
    "http://example.com:6379/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "//example.com/",
]
Answers = list[tuple[int, Mapping[str, str], bytes]]


@contextmanager
def listening(answers: Answers) -> Iterator[tuple[str, list[Mapping[str, str]]]]:
    """A server that gives its answers in turn and keeps the headers it was sent."""
    seen: list[Mapping[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(dict(self.headers))
            status, headers, body = answers.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(
            target=server.serve_forever, args=(0.02,), daemon=True
        )
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", seen
        server.shutdown()
        thread.join()


def local() -> requests.Session:
    return outside.session(allow_private=True, any_port=True)


@pytest.mark.parametrize("url", INSIDE)
def test_an_inner_address_is_never_connected_to(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []
    monkeypatch.setattr(outside, "create_connection", lambda *a, **_: tried.append(a))

    with pytest.raises(outside.Unsafe, match=r"inner network|resolv"):
        outside.session().get(url, timeout=1)
    assert tried == []


@pytest.mark.parametrize("url", MISWRITTEN)
def test_an_address_that_is_none_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(
        (outside.Unsafe, requests.exceptions.MissingSchema), match=r"address|scheme"
    ):
        outside.session().get(url, timeout=1)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/",
        "http://[fe80::1]/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://[::ffff:169.254.169.254]/",
    ],
)
def test_a_private_network_allowed_does_not_mean_the_metadata_of_a_cloud(
    url: str,
) -> None:
    with pytest.raises(outside.Unsafe, match="inner network"):
        local().get(url, timeout=1)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820::1"])
def test_a_public_address_is_connected_to(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = _dead_sockets(monkeypatch)
    _resolving(monkeypatch, [[address]])

    with pytest.raises(requests.ConnectionError) as caught:
        outside.session().get("http://shop.example/", timeout=1)
    assert not isinstance(caught.value, outside.Unsafe)
    assert tried == [(address, 80)]


def test_a_name_that_moves_inside_after_the_check_gains_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = _dead_sockets(monkeypatch)
    asked = _resolving(monkeypatch, [["93.184.215.14"], ["127.0.0.1"]])
    session = outside.session()

    with pytest.raises(requests.ConnectionError):
        session.get("http://rebind.example/", timeout=1)
    assert tried == [("93.184.215.14", 80)]
    assert len(asked) == 1
    with pytest.raises(outside.Unsafe):
        session.get("http://rebind.example/", timeout=1)
    assert tried == [("93.184.215.14", 80)]


def test_of_a_name_with_two_addresses_only_the_public_one_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = _dead_sockets(monkeypatch)
    _resolving(monkeypatch, [["10.0.0.5", "93.184.215.14", "127.0.0.1"]])

    with pytest.raises(requests.ConnectionError):
        outside.session().get("http://both.example/", timeout=1)
    assert tried == [("93.184.215.14", 80)]


def test_a_redirect_is_never_followed_with_the_token() -> None:
    away = {"Location": "http://127.0.0.1:9/steal", "Content-Length": "0"}
    with listening([(302, away, b"")]) as (url, seen), local() as session:
        reply = session.get(
            url, headers={"Authorization": "Bearer t"}, allow_redirects=True
        )

    assert reply.status_code == 302
    assert len(seen) == 1


def test_neither_cookies_nor_the_environment_go_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    cookie = {"Set-Cookie": "a=b", "Content-Length": "0"}
    answers: Answers = [(200, cookie, b""), (200, {"Content-Length": "0"}, b"")]
    with listening(answers) as (url, seen), local() as session:
        session.get(url)
        session.get(url)

    assert [False, False] == ["Cookie" in headers for headers in seen]


def test_a_proxy_is_refused() -> None:
    with pytest.raises(outside.Unsafe, match="proxy"):
        outside.session().get(
            "https://example.com/", proxies={"https": "http://127.0.0.1:9"}
        )


def test_a_body_is_read_to_the_limit_and_no_further() -> None:
    with listening([(200, {}, b"x" * 5_000)] * 2) as (url, _), local() as session:
        whole = outside.body(session.get(url, stream=True), 5_000)
        over = outside.body(session.get(url, stream=True), 4_999)

    assert whole == b"x" * 5_000
    assert over is None


def test_a_bomb_counts_by_what_it_unpacks_to() -> None:
    bomb = gzip.compress(b"0" * 3_000_000)
    headers = {"Content-Encoding": "gzip", "Content-Length": str(len(bomb))}
    with listening([(200, headers, bomb)]) as (url, _), local() as session:
        assert outside.body(session.get(url, stream=True), 100_000) is None


@contextmanager
def dripping(head: bytes, drop: bytes) -> Iterator[str]:
    """A server that says its head, then a drop each 20 ms until nobody listens."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            with suppress(OSError):
                self.request.sendall(head)
                while not done.wait(0.02):
                    self.request.sendall(drop)

    done = threading.Event()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(
            target=server.serve_forever, args=(0.02,), daemon=True
        )
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        done.set()
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nX: ", b"a"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"a"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    ],
    ids=["a header", "no answer yet", "the body", "the length of a chunk"],
)
def test_an_answer_that_drips_ends_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch, head: bytes, drop: bytes
) -> None:
    monkeypatch.setattr(outside, "WHOLE_ANSWER_S", 0.3)
    with dripping(head, drop) as url, local() as session:
        began_s = time.monotonic()
        with pytest.raises(requests.ReadTimeout):
            outside.body(session.get(url, stream=True), 100_000)

        assert time.monotonic() - began_s < 5


def test_an_answer_that_breaks_off_is_a_connection_error() -> None:
    short = {"Content-Length": "100"}
    with listening([(200, short, b"half")]) as (url, _), local() as session:
        reply = session.get(url, stream=True)
        with pytest.raises(requests.ConnectionError):
            outside.body(reply, 100)


def test_urllib3_still_makes_connections_where_the_guard_stands() -> None:
    assert "_new_conn" in vars(urllib3.connection.HTTPConnection)
    assert HTTPConnectionPool.ConnectionCls is urllib3.connection.HTTPConnection
    manager = requests.adapters.HTTPAdapter().poolmanager
    assert {"http", "https"} == set(manager.pool_classes_by_scheme)


def _dead_sockets(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Let no connection come about; return where one was tried."""
    tried: list[object] = []

    def refuse(address: object, *_: object, **__: object) -> socket.socket:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(outside, "create_connection", refuse)
    return tried


def _resolving(monkeypatch: pytest.MonkeyPatch, answers: list[list[str]]) -> list[str]:
    """Let names lead where the test says, in turn; return what was asked."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        found = answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked
