"""One person, sent through every source, is in clear nowhere."""

import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from threading import Thread
from urllib.parse import quote

import pytest
import requests

from forwarder.cli.trigger import post
from forwarder.samples import TEST_SECRETS
from tests.e2e import canary
from tests.e2e.box import Box
from tests.e2e.canary import IP, NAME, OPEN_TO_PINTEREST, WORDS, seen
from tests.e2e.processes import is_open, wait_until
from tests.e2e.traces import files, keys, tables
from tests.servers import RedisServer

pytestmark = pytest.mark.slow

SERIAL = 314_159
EMAIL = f"zilpzalp.{SERIAL}@buyers.example.com"


@contextmanager
def overheard(redis: RedisServer) -> Iterator[bytearray]:
    """Collect every command that anybody sends to Redis."""
    heard = bytearray()
    with socket.create_connection(("127.0.0.1", redis.port)) as line:
        line.sendall(b"MONITOR\r\n")

        def listen() -> None:
            while part := line.recv(65_536):
                heard.extend(part)

        listener = Thread(target=listen)
        listener.start()
        yield heard
        line.shutdown(socket.SHUT_RDWR)
        listener.join()


def post_all(box: Box) -> list[int]:
    """Post the person in every way a shop, a stranger or an accident might."""
    codes = []
    for source, notice in canary.notices(SERIAL):
        url = f"{box.url}/hooks/my-{source.replace('_', '-')}"
        codes.append(post(url, notice).status_code)
        codes.append(post(f"{url}?who={EMAIL}", notice).status_code)  # again
        forged = notice.body + b" "
        headers = {**notice.headers, "X-Forwarded-For": IP, "User-Agent": EMAIL}
        reply = requests.post(url, forged, headers=headers, timeout=20)
        codes.append(reply.status_code)
    requests.get(f"{box.url}/hooks/{quote(EMAIL)}", timeout=20)
    requests.post(f"{box.url}/hooks/{quote(EMAIL)}", EMAIL, timeout=20)
    requests.post(f"{box.url}/api/v1/events", json={"email": EMAIL}, timeout=20)
    requests.get(f"{box.url}/console/{quote(EMAIL)}", timeout=20)
    return codes


def start(box: Box) -> None:
    """Start everything but the worker, with every log as talkative as can be."""
    box.log_level = "debug"
    box.write_settings()
    box.upgrade()
    sandbox = box.start("sandbox", f"--port={box.sandbox_port}")
    box.wait_for(sandbox, lambda: is_open(box.sandbox_port))
    box.start_web()
    said = {"code": 1, "message": f"{EMAIL} from {IP} is not welcome"}
    box.order({"fault": "http", "status": 500, "body": said})


def finish(box: Box) -> None:
    """Let a worker send it all, the second time with success."""
    box.start_worker(*([] if box.broker_url else ["--beat"]))
    wait_until("everything is settled", box.hurry, 30, 0.2)


def outputs(box: Box) -> bytes:
    """Return what the service tells: logs, log pages, metrics."""
    told = [box.run("events", "list", "--json").stdout]
    told += [
        box.run("events", "show", line.event_id).stdout for line in box.lines()[:2]
    ]
    told += [box.run("doctor").stdout]
    told += [requests.get(f"{box.url}/metrics", timeout=20).text]
    return "\n".join([*told, *box.logged()]).encode()


def check(box: Box, codes: list[int]) -> None:
    """Check that the person went through, and stands in clear nowhere we wrote."""
    ledger = box.ledger(with_events=True)
    sent = str(ledger["events"]).encode()
    logs = outputs(box)

    assert {200, 401} == set(codes)
    assert {"delivered": 8} == box.counts()
    assert sha256(EMAIL.encode()).hexdigest().encode() in sent
    assert set(OPEN_TO_PINTEREST) == seen(sent)
    assert set() == seen(logs)
    for secret in (*TEST_SECRETS.values(), box.token, box.data_key):
        assert secret.encode() not in logs
    assert [] == box.crashes()


def test_on_one_box_a_person_stands_nowhere_in_clear(one_box: Box) -> None:
    start(one_box)
    codes = post_all(one_box)
    data = one_box.folder / "var"
    waiting = files(data / "broker")
    finish(one_box)
    check(one_box, codes)
    on_disk = files(data)

    assert b'"task": "drain"' in waiting
    assert set() == seen(waiting)
    assert b"shopify:my-shopify" in on_disk
    assert set() == seen(on_disk)


def test_on_many_boxes_a_person_stands_nowhere_in_clear(
    many_boxes: Box, redis_server: RedisServer
) -> None:
    with overheard(redis_server) as heard:
        start(many_boxes)
        codes = post_all(many_boxes)
        kept = keys(redis_server)
        finish(many_boxes)
    check(many_boxes, codes)
    rows = tables(many_boxes.database_url)

    assert b"drain" in kept
    assert b"LPUSH" in heard
    assert set() == seen(bytes(heard) + kept)
    assert b"shopify:my-shopify" in rows
    assert set() == seen(rows + files(many_boxes.folder / "var"))


def test_the_output_of_the_demo_names_nobody(one_box: Box) -> None:
    done = one_box.run("demo", "--webhooks", "60", "--out", "shown")
    shown = files(one_box.folder / "shown") + (done.stdout + done.stderr).encode()
    people = ("buyers.example", "readers.example", "Lindqvist", "Pryce", "Marchand")

    assert 0 == done.returncode, done.stderr
    assert b"delivered" in shown
    assert set() == seen(shown, people)


@pytest.mark.parametrize(
    "written",
    [
        "zilpzalp",
        "ZILPZALP",
        r"mail=%5A%69lpzalp Federbuschgasse%2077",
        "Federbuschgasse+77",
        NAME.encode("utf-16-le"),
        NAME.encode("utf-16-be"),
        b"x" + NAME.encode().hex().encode(),
    ],
)
def test_the_search_finds_what_is_there(written: str | bytes) -> None:
    data = written.encode() if isinstance(written, str) else written

    assert seen(b"before " + data + b" after")


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_the_search_finds_base64(word: str, before: str) -> None:
    text = f"{before}{word} and more"

    assert {word} <= seen(b64encode(text.encode()))
