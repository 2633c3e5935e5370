"""E-mail and webhook leave as promised, and say why when they do not."""

import email
import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import policy
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from forwarder import outside
from forwarder.alerts.channels import Email, NotSent, Webhook
from forwarder.alerts.messages import a_test
from forwarder.core.event import Notice
from forwarder.core.source import Options
from forwarder.sources import standard_webhooks
from tests.servers import free_port
from tests.store.shop import NOW

SECRET = "whsec_bWFkZSB1cCBmb3IgdGhlIHRlc3RzIG9ubHkh"
MESSAGE = a_test("https://events.example.com", NOW)


class PostOffice(socketserver.ThreadingTCPServer):
    """Takes e-mail as SMTP servers do; refuses when it is told to."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        self.letters: list[str] = []
        self.logins: list[str] = []
        self.refusal = ""
        super().__init__(("127.0.0.1", 0), _Clerk)


class _Clerk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        office: Any = self.server
        self.say("220 ready")
        while line := self.rfile.readline().decode().strip():
            word = line.split(" ")[0].upper()
            if word == "EHLO":
                self.say("250-here\r\n250 AUTH PLAIN")
            elif word == "AUTH":
                office.logins.append(line)
                self.say("235 in")
            elif word == "DATA":
                self.say("354 go on")
                office.letters.append(self.letter())
                self.say("250 taken")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say(office.refusal or "250 fine")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def letter(self) -> str:
        lines = []
        while (line := self.rfile.readline().decode()) != ".\r\n":
            lines.append(line)
        return "".join(lines)


@contextmanager
def served(server: socketserver.BaseServer) -> Iterator[None]:
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def office() -> Iterator[PostOffice]:
    made = PostOffice()
    with served(made):
        yield made


def by_mail(port: int, user: str = "") -> Email:
    return Email(
        host="127.0.0.1",
        port=port,
        security="none",
        user=user,
        password="swordfish",
        sender="forwarder@example.com",
        recipients=("ops@example.com", "anna@example.com"),
    )


def test_an_email_says_what_is_wrong_and_what_to_do(office: PostOffice) -> None:
    by_mail(office.server_address[1]).send(MESSAGE, NOW)
    letter = email.message_from_string(office.letters[0], policy=policy.default)

    assert "[forwarder] test is a test" == letter["Subject"]
    assert "ops@example.com, anna@example.com" == letter["To"]
    assert "auto-generated" == letter["Auto-Submitted"]
    assert "Nothing is wrong." in letter.get_content()
    assert [] == office.logins


def test_who_must_log_in_does(office: PostOffice) -> None:
    by_mail(office.server_address[1], user="anna").send(MESSAGE, NOW)

    assert 1 == len(office.logins)
    assert 1 == len(office.letters)


def test_a_mail_server_that_refuses_is_told_without_its_words(
    office: PostOffice,
) -> None:
    office.refusal = "554 5.7.1 <ops@example.com> swordfish"
    with pytest.raises(NotSent) as caught:
        by_mail(office.server_address[1]).send(MESSAGE, NOW)

    assert str(caught.value).startswith("the mail server: SMTP")
    assert "swordfish" not in str(caught.value)
    assert "ops@" not in str(caught.value)


def test_no_mail_server_is_told() -> None:
    with pytest.raises(NotSent, match="the mail server: ConnectionRefusedError"):
        by_mail(free_port()).send(MESSAGE, NOW)


def test_a_channel_never_shows_its_secrets() -> None:
    webhook = Webhook(url="https://x/secret", secret=SECRET, session=outside.session)

    assert "swordfish" not in repr(by_mail(25))
    assert "secret" not in repr(webhook).replace("secret=", "")


class Taker(ThreadingHTTPServer):
    """Takes webhooks and answers with `status`."""

    def __init__(self) -> None:
        self.status = 204
        self.notices: list[Notice] = []
        super().__init__(("127.0.0.1", 0), _Hand)


class _Hand(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        taker: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        taker.notices.append(Notice(headers=headers, body=body))
        self.send_response_only(taker.status)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def taker() -> Iterator[Taker]:
    made = Taker()
    with served(made):
        yield made


def by_webhook(port: int, secret: str = SECRET) -> Webhook:
    return Webhook(
        url=f"http://127.0.0.1:{port}/alerts",
        secret=secret,
        session=partial(outside.session, allow_private=True, any_port=True),
    )


def test_a_webhook_is_signed_as_standard_webhooks_say(taker: Taker) -> None:
    webhook = by_webhook(taker.server_address[1])
    for attempt in range(2):
        webhook.send(MESSAGE, NOW + timedelta(minutes=attempt))
    first, second = taker.notices

    standard_webhooks.verify(first, SECRET, NOW, Options(shop="x"))
    assert first.body == second.body == MESSAGE.content
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


@pytest.mark.parametrize("status", [302, 400, 500])
def test_an_address_that_does_not_take_it_is_told(taker: Taker, status: int) -> None:
    taker.status = status
    with pytest.raises(NotSent, match=f"answered {status}"):
        by_webhook(taker.server_address[1]).send(MESSAGE, NOW)

    assert 1 == len(taker.notices)


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda: by_webhook(free_port()), "the address: ConnectionError"),
        (lambda: by_webhook(9, secret="whsec_%"), "webhook_secret is no whsec_ text"),
        (
            lambda: Webhook(
                url="http://127.0.0.1/x", secret=SECRET, session=outside.session
            ),
            "the address: Unsafe",
        ),
    ],
)
def test_a_webhook_that_can_not_leave_is_told(
    make: Callable[[], Webhook], fault: str
) -> None:
    with pytest.raises(NotSent, match=fault):
        make().send(MESSAGE, NOW)
