"""What Sentry is sent, read off the wire of a stand-in on loopback."""

import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import sentry_sdk
import structlog
from flask import Flask, request

from forwarder import telemetry
from forwarder.telemetry import sentry

pytestmark = pytest.mark.usefixtures("undone")
CANARIES = (
    "canary.person@example.com",
    "+49 30 901820",
    "203.0.113.77",
    "pina_CANARYCANARYCANARY",
    "CanarySurname",
    "canary-path-secret-0123456789",
)


class Inbox:
    """A stand-in that keeps every envelope it is sent."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                inbox.bodies.append(body)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.dsn = f"http://key@127.0.0.1:{self.server.server_port}/1"

    def text(self) -> str:
        return b"\n".join(self.bodies).decode()

    def events(self) -> list[dict[str, object]]:
        rows = [json.loads(row) for row in self.text().splitlines() if row]
        return [row for row in rows if "exception" in row or "message" in row]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    opened = Inbox()
    thread = threading.Thread(target=opened.server.serve_forever, args=(0.02,))
    thread.start()
    yield opened
    sentry_sdk.get_client().close(timeout=2)
    opened.server.shutdown()
    thread.join()
    opened.server.server_close()


def test_an_error_line_arrives_with_its_facts(inbox: Inbox) -> None:
    telemetry.setup("worker", "info", inbox.dsn, "9.9.9")
    structlog.get_logger("forwarder.pipeline").error(
        "destination blocked", destination="main", reason="auth"
    )
    sentry.flush()
    (event,) = inbox.events()

    assert "destination blocked" == event["message"]
    assert "9.9.9" == event["release"]
    assert {"logger": "forwarder.pipeline", "role": "worker"} == event["tags"]
    assert {
        "facts": {"destination": "main", "reason": "auth"},
        "line": "destination blocked",
    } == event["extra"]


def test_a_warning_is_not_reported(inbox: Inbox) -> None:
    telemetry.setup("worker", "info", inbox.dsn)
    structlog.get_logger().warning("slow")
    sentry.flush()

    assert [] == inbox.events()


def test_no_canary_leaves_in_an_exception(
    inbox: Inbox, capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry.setup("web", "info", inbox.dsn)
    surname = CANARIES[4]
    try:
        int(" ".join(CANARIES))
    except ValueError as fault:
        fault.add_note(surname)
        structlog.get_logger().exception(
            f"failed for {CANARIES[0]} at {CANARIES[2]}",
            last_name=surname,
            path=f"/hooks/list/{CANARIES[5]}?fn={surname}",
            phone=CANARIES[1],
            detail=f"called {CANARIES[1]} with {CANARIES[3]}",
        )
    sentry.flush()
    (event,) = inbox.events()
    everything = inbox.text() + capsys.readouterr().err

    assert [] == [canary for canary in CANARIES if canary in everything]
    assert "ValueError" in json.dumps(event["exception"])


def test_no_canary_leaves_from_a_failing_request(
    inbox: Inbox, capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry.setup("web", "info", inbox.dsn)
    app = Flask(__name__)

    @app.post("/hooks/<endpoint>/<secret>")
    def receive(endpoint: str, secret: str) -> str:
        local = request.get_data(as_text=True) + endpoint + secret
        raise LookupError(local)

    reply = app.test_client().post(
        f"/hooks/list/{CANARIES[5]}?email={CANARIES[0]}",
        data=json.dumps({"last_name": CANARIES[4], "phone": CANARIES[1]}),
        headers={
            "Authorization": f"Bearer {CANARIES[3]}",
            "X-Forwarded-For": CANARIES[2],
            "Cookie": f"session={CANARIES[4]}",
        },
        environ_base={"REMOTE_ADDR": CANARIES[2]},
    )
    sentry.flush()
    everything = inbox.text() + capsys.readouterr().err

    assert 500 == reply.status_code
    assert 1 == len(inbox.events())
    assert [] == [canary for canary in CANARIES if canary in everything]


def test_what_others_hand_to_sentry_is_rebuilt(inbox: Inbox) -> None:
    telemetry.setup("web", "info", inbox.dsn)
    with sentry_sdk.new_scope() as scope:
        scope.set_user({"email": CANARIES[0], "ip_address": CANARIES[2]})
        scope.set_extra("sys.argv", ["erase", "--email", CANARIES[0]])
        scope.set_context("order", {"last_name": CANARIES[4]})
        scope.set_tag("who", CANARIES[0])
        scope.add_breadcrumb(message=f"SELECT {CANARIES[4]}")
        scope.capture_event(
            {
                "message": f"for {CANARIES[1]}",
                "request": {"url": f"http://x/hooks/a/{CANARIES[5]}"},
                "transaction": f"/hooks/a/{CANARIES[5]}",
            }
        )
    sentry.flush()
    (event,) = inbox.events()

    assert [] == [canary for canary in CANARIES if canary in inbox.text()]
    assert not {"user", "request", "breadcrumbs"} & set(event)
    assert "/hooks/a/[masked]" == event["transaction"]


def test_a_transaction_is_rebuilt_too() -> None:
    rebuilt = sentry._rebuilt(  # noqa: SLF001 - nothing of ours makes transactions
        {"type": "transaction", "request": {"data": CANARIES[4]}, "spans": []}, {}
    )

    assert CANARIES[4] not in json.dumps(rebuilt)


def test_without_an_address_nothing_is_sent(inbox: Inbox) -> None:
    telemetry.setup("web", "info", "")
    structlog.get_logger().error("destination blocked")
    sentry.flush()

    assert [] == inbox.bodies


def test_requests_to_others_carry_no_trace_header(inbox: Inbox) -> None:
    telemetry.setup("worker", "info", inbox.dsn)
    options = sentry_sdk.get_client().options

    assert [] == options["trace_propagation_targets"]
    assert {"atexit", "dedupe"} == set(sentry_sdk.get_client().integrations)
