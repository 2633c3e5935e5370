"""The settings of alerts: whom to tell, and what not to watch."""

from dataclasses import dataclass, field
from typing import Literal

from config import checks
from config.outbound import INSIDE, NOWHERE, posted, signed_with
from config.values import Secret, told


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """Who is told when something is wrong; see docs/monitoring.md.

    Both ways may be used together; without any, `forwarder alerts list` and the
    console tell.
    """

    email_to: tuple[str, ...] = field(
        default=(),
        metadata=told(
            "Who gets an e-mail when something is wrong, and when it is over. Empty "
            "sends none.",
            example="ops@example.com",
            check=checks.mailboxes,
        ),
    )
    email_from: str = field(
        default="",
        metadata=told(
            "The sender of these e-mails. Empty: the first who gets them.",
            example="forwarder@example.com",
        ),
    )
    smtp_host: str = field(
        default="localhost",
        metadata=told("The mail server.", example="smtp.example.com"),
    )
    smtp_port: int = field(
        default=587,
        metadata=told(
            "Its port: 587 with STARTTLS, 465 with TLS, 25 for a server on this "
            "machine.",
            unit="port number",
            least=1,
            most=65_535,
        ),
    )
    smtp_security: Literal["starttls", "tls", "none"] = field(
        default="starttls",
        metadata=told(
            "How the line to the mail server is protected. `none` only for a server "
            "on this machine."
        ),
    )
    smtp_user: str = field(
        default="",
        metadata=told("The name to log in with. Empty logs nobody in."),
    )
    smtp_password: Secret = field(
        default=Secret(""),
        metadata=told("The password of that name.", example="env:SMTP_PASSWORD"),
    )
    webhook_url: Secret = field(
        default=NOWHERE,
        metadata=posted("each change of an alert", "env:ALERT_WEBHOOK_URL"),
    )
    webhook_secret: Secret = field(
        default=NOWHERE, metadata=signed_with("env:ALERT_WEBHOOK_SECRET")
    )
    webhook_inside: bool = field(default=False, metadata=INSIDE)
    off: tuple[str, ...] = field(
        default=(),
        metadata=told(
            "Rules that are not watched, by the names in docs/monitoring.md.",
            example="conflict",
        ),
    )
