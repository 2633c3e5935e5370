"""What is told of an alert: one JSON text, of which the e-mail is another reading.

Holds counts, names of the settings and links; nothing of any person.
"""

from datetime import datetime
from email.message import EmailMessage
from typing import Any, Final

import msgspec

from forwarder.store.alerts import Alert, Message

HEADINGS: Final = {
    "opened": "opened",
    "worse": "is worse",
    "resolved": "is over",
    "test": "is a test",
}


def told(alert: Alert, what: str, public_url: str) -> bytes:
    """Return what is told of a change, frozen: each attempt sends the same bytes."""
    data = {
        "rule": alert.rule,
        "subject": alert.subject,
        "severity": alert.severity,
        "state": alert.state,
        "summary": alert.summary,
        "mend": alert.mend,
        "url": f"{public_url}{alert.link or '/console/'}",
        "opened_at": alert.opened_at,
        "times_opened": alert.n_opened,
    }
    return _content(what, alert.seen_at, data)


def a_test(public_url: str, now: datetime) -> Message:
    """Return a message that says only that the telling works."""
    data = {
        "rule": "test",
        "subject": "",
        "severity": "warn",
        "state": "open",
        "summary": "This is a test of `forwarder alerts test`.",
        "mend": "Nothing is wrong.",
        "url": f"{public_url}/console/",
        "opened_at": now,
        "times_opened": 1,
    }
    return Message(
        id=0,
        alert_id=0,
        channel="",
        what="test",
        made_at=now,
        due_at=None,
        attempts=1,
        fault="",
        content=_content("test", now, data),
    )


def _content(what: str, at: datetime, data: dict[str, object]) -> bytes:
    return msgspec.json.encode({"type": f"alert.{what}", "timestamp": at, "data": data})


def email(message: Message, sender: str, recipients: tuple[str, ...]) -> EmailMessage:
    """Return a message as an e-mail; the same one has the same Message-ID."""
    data: dict[str, Any] = msgspec.json.decode(message.content)["data"]
    made = EmailMessage()
    subject = f" {data['subject']}" if data["subject"] else ""
    made["Subject"] = (
        f"[forwarder] {data['rule']}{subject} {HEADINGS[message.what]}"
        f"{' (urgent)' if data['severity'] == 'page' else ''}"
    )
    made["From"] = sender
    made["To"] = ", ".join(recipients)
    made["Date"] = message.made_at
    made["Message-ID"] = (
        f"<alert-{message.id}-{int(message.made_at.timestamp())}@forwarder>"
    )
    made["Auto-Submitted"] = "auto-generated"
    lines = [data["summary"], "", data["mend"], "", data["url"]]
    if message.what == "resolved":
        lines = ["It is over.", "", f"It was: {data['summary']}", "", data["url"]]
    lines += ["", f"Open since {data['opened_at']}. `forwarder alerts list` shows all."]
    made.set_content("\n".join(lines))
    return made
