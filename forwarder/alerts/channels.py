"""How alerts leave: by e-mail, and as a signed webhook."""

import smtplib
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Final, Literal, Protocol

import requests

from forwarder.alerts.messages import email
from forwarder.core import signing
from forwarder.core.event import Forged, Notice
from forwarder.store.alerts import Message

TIMEOUT_S: Final = 10.0


class NotSent(Exception):
    """A message did not leave: the sentence says why and holds no secret."""


class Channel(Protocol):
    """One way to tell somebody."""

    @property
    def name(self) -> str:
        """The word in the settings and in the table."""

    def send(self, message: Message, now: datetime) -> None:
        """Return once the other side has taken the message. Raises: NotSent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """An SMTP server. `security` is how the line is protected; empty `user`: no log-in.

    A server of one's own network may be named: the settings alone can, no payload.
    """

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    user: str
    password: str = field(repr=False)
    sender: str
    recipients: tuple[str, ...]
    name: str = "email"

    def send(self, message: Message, now: datetime) -> None:
        """Return once the server has taken the message. Raises: NotSent."""
        del now
        self.mail(email(message, self.sender, self.recipients))

    def mail(self, made: EmailMessage) -> None:
        """Return once the server has taken the e-mail. Raises: NotSent."""
        try:
            with ExitStack() as stack:
                server = stack.enter_context(self._connected())
                server.send_message(made)
        except (OSError, smtplib.SMTPException) as fault:
            raise NotSent(_smtp_fault(fault)) from None

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=TIMEOUT_S, context=context
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)
        try:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server


def _smtp_fault(fault: Exception) -> str:
    """Return the kind of a fault: its text may hold addresses and the password."""
    code = fault.smtp_code if isinstance(fault, smtplib.SMTPResponseException) else None
    return (
        f"the mail server: {type(fault).__name__}{'' if code is None else f' {code}'}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address that takes Standard Webhooks. `session` decides what may be called."""

    url: str = field(repr=False)
    secret: str = field(repr=False)
    session: Callable[[], requests.Session]
    name: str = "webhook"

    def send(self, message: Message, now: datetime) -> None:
        """Return once the address has answered 2xx. Raises: NotSent."""
        made_s = int(message.made_at.timestamp())
        self.call(f"alert-{message.id}-{made_s}", message.content, now)

    def call(self, webhook_id: str, content: bytes, now: datetime) -> None:
        """Return once the address has answered 2xx to this JSON. Raises: NotSent."""
        headers = {"webhook-id": webhook_id, "content-type": "application/json"}
        notice = Notice(headers=headers, body=content)
        try:
            signed = signing.sign(signing.STANDARD, notice, self.secret, now)
        except Forged:
            raise NotSent("its webhook_secret is no whsec_ text") from None
        self._post(signed)

    def _post(self, signed: Notice) -> None:
        try:
            with (
                self.session() as session,
                session.post(
                    self.url,
                    data=signed.body,
                    headers=dict(signed.headers),
                    timeout=TIMEOUT_S,
                    stream=True,
                ) as reply,
            ):
                status = reply.status_code
        except requests.RequestException as fault:
            raise NotSent(f"the address: {type(fault).__name__}") from None
        if not requests.codes.ok <= status < requests.codes.multiple_choices:
            raise NotSent(f"the address answered {status}")
