"""The JSON of alerts: alike in the command line, the API and the console."""

from typing import Any

from forwarder.store.alerts import Alert, Change, Message
from forwarder.web.shapes import moment


def alert_json(alert: Alert) -> dict[str, Any]:
    """Return an alert as every door shows it."""
    return {
        "id": alert.id,
        "rule": alert.rule,
        "subject": alert.subject,
        "severity": alert.severity,
        "state": alert.state,
        "summary": alert.summary,
        "mend": alert.mend,
        "link": alert.link,
        "who": alert.who,
        "opened_at": moment(alert.opened_at),
        "changed_at": moment(alert.changed_at),
        "seen_at": moment(alert.seen_at),
        "ignored_until": moment(alert.ignored_until),
        "times_opened": alert.n_opened,
    }


def change_json(change: Change) -> dict[str, Any]:
    """Return a line of an alert's history."""
    return {
        "at": moment(change.at),
        "who": change.who,
        "state": change.state,
        "note": change.note,
    }


def message_json(message: Message) -> dict[str, Any]:
    """Return what was told, or will be, through which channel."""
    return {
        "channel": message.channel,
        "what": message.what,
        "made_at": moment(message.made_at),
        "next_attempt_at": moment(message.due_at),
        "attempts": message.attempts,
        "fault": message.fault,
    }
