"""Alerts as rows: what is wrong, who knows of it, and which messages are due.

An alert is one thing that can be wrong (a rule and its subject). It opens, is
acknowledged or ignored by a person, is resolved, and opens again; each change is kept.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.schema_alerts import alert_changes, alert_messages, alerts
from forwarder.store.upsert import insert_into

OPEN = "open"
ACKNOWLEDGED = "acknowledged"
IGNORED = "ignored"
RESOLVED = "resolved"
STATES = (OPEN, ACKNOWLEDGED, IGNORED, RESOLVED)
LEASE = timedelta(minutes=2)  # longer than a message takes to send, time-outs included


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing that is or was wrong. `id` is 0 before it is written.

    `seen_at` is when it was last found so. `ignored_until` is None when it is not
    ignored, or ignored without an end. `who` changed it last; empty: nobody did.
    """

    id: int
    rule: str
    subject: str
    severity: str
    state: str
    summary: str
    mend: str
    link: str
    who: str
    opened_at: datetime
    changed_at: datetime
    seen_at: datetime
    ignored_until: datetime | None
    n_opened: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of an alert's history. `who` is empty where the service did it."""

    at: datetime
    who: str
    state: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message to be sent through a channel, not before `due_at`."""

    channel: str
    what: str
    due_at: datetime
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message in our hands, or one that was. `due_at` None: sent, or given up.

    `fault` is why the last attempt failed; empty when it did not.
    """

    id: int
    alert_id: int
    channel: str
    what: str
    made_at: datetime
    due_at: datetime | None
    attempts: int
    fault: str
    content: bytes


_COLUMNS = [alerts.c[name] for name in Alert.__slots__]
_MESSAGE = [alert_messages.c[name] for name in Message.__slots__]


def list_alerts(
    store: Store, states: Collection[str] = STATES, rule: str | None = None
) -> list[Alert]:
    """Return the alerts in any of these states, the last changed first."""
    query = (
        sa.select(*_COLUMNS)
        .where(alerts.c.state.in_(states))
        .order_by(alerts.c.changed_at.desc(), alerts.c.id.desc())
    )
    if rule is not None:
        query = query.where(alerts.c.rule == rule)
    with store.read() as connection:
        return [Alert(**row) for row in connection.execute(query).mappings()]


def find_alert(store: Store, alert_id: int) -> Alert | None:
    """Return one alert; None when there is none."""
    query = sa.select(*_COLUMNS).where(alerts.c.id == alert_id)
    with store.read() as connection:
        row = connection.execute(query).mappings().first()
    return None if row is None else Alert(**row)


def history(store: Store, alert_id: int) -> list[Change]:
    """Return the changes of an alert, oldest first."""
    query = (
        sa.select(*(alert_changes.c[name] for name in Change.__slots__))
        .where(alert_changes.c.alert_id == alert_id)
        .order_by(alert_changes.c.id)
    )
    with store.read() as connection:
        return [Change(**row) for row in connection.execute(query).mappings()]


def messages_of(store: Store, alert_id: int) -> list[Message]:
    """Return what was and will be told of an alert, oldest first."""
    query = (
        sa.select(*_MESSAGE)
        .where(alert_messages.c.alert_id == alert_id)
        .order_by(alert_messages.c.id)
    )
    with store.read() as connection:
        return [Message(**row) for row in connection.execute(query).mappings()]


def keep(
    store: Store,
    before: Alert | None,
    after: Alert,
    note: str,
    drafts: Sequence[Draft] = (),
) -> Alert | None:
    """Write an alert's next state with its messages; None if another was quicker.

    `before` is the alert as it was read; None for a new one. Where the state stays the
    same no line is added to the history.
    """
    row = {name: getattr(after, name) for name in Alert.__slots__ if name != "id"}
    with store.write() as connection:
        alert_id = connection.execute(_kept(store, before, row)).scalar()
        if alert_id is None:
            return None
        if before is None or before.state != after.state:
            change = Change(
                at=after.changed_at, who=after.who, state=after.state, note=note
            )
            _add_change(connection, alert_id, change)
        for draft in drafts:
            _add_message(connection, alert_id, draft, after.seen_at)
    return find_alert(store, alert_id)


def _kept(
    store: Store, before: Alert | None, row: dict[str, object]
) -> sa.sql.expression.Executable:
    if before is None:
        new = insert_into(alerts, store.engine).values(row).on_conflict_do_nothing()
        return new.returning(alerts.c.id)
    return (
        sa.update(alerts)
        .where(alerts.c.id == before.id, alerts.c.state == before.state)
        .values(row)
        .returning(alerts.c.id)
    )


def _add_change(connection: sa.Connection, alert_id: int, change: Change) -> None:
    row = {name: getattr(change, name) for name in Change.__slots__}
    connection.execute(sa.insert(alert_changes).values(alert_id=alert_id, **row))


def _add_message(
    connection: sa.Connection, alert_id: int, draft: Draft, now: datetime
) -> None:
    row = {name: getattr(draft, name) for name in Draft.__slots__}
    connection.execute(
        sa.insert(alert_messages).values(
            alert_id=alert_id, made_at=now, attempts=0, fault="", **row
        )
    )


def claim_messages(store: Store, now: datetime, n_max: int = 5) -> list[Message]:
    """Return messages that are due, leased: no other process gets them meanwhile."""
    due = (
        sa.select(alert_messages.c.id)
        .where(alert_messages.c.due_at <= now)
        .order_by(alert_messages.c.due_at)
        .limit(n_max)
    )
    claim = (
        sa.update(alert_messages)
        .where(alert_messages.c.id.in_(due.with_for_update(skip_locked=True)))
        .values(due_at=now + LEASE, attempts=alert_messages.c.attempts + 1)
        .returning(*_MESSAGE)
    )
    with store.read() as connection:
        if connection.execute(due).first() is None:
            return []
    with store.write() as connection:
        rows = connection.execute(claim).mappings().all()
    return sorted((Message(**row) for row in rows), key=lambda one: one.id)


def settle_message(
    store: Store, message: Message, due_at: datetime | None, fault: str
) -> None:
    """Write down what came of a message. `due_at` None: it is sent, or given up."""
    with store.write() as connection:
        connection.execute(
            sa.update(alert_messages)
            .where(
                alert_messages.c.id == message.id,
                alert_messages.c.attempts == message.attempts,
            )
            .values(due_at=due_at, fault=fault)
        )


def drop_untold(store: Store, alert_id: int) -> None:
    """Take back the messages of an alert that nobody was sent yet."""
    with store.write() as connection:
        connection.execute(
            sa.delete(alert_messages).where(
                alert_messages.c.alert_id == alert_id,
                alert_messages.c.due_at.is_not(None),
                alert_messages.c.attempts == 0,
            )
        )


def forget_messages(store: Store, before: datetime) -> int:
    """Delete messages and history older than that; return how many messages."""
    old = sa.delete(alert_messages).where(
        alert_messages.c.made_at < before, alert_messages.c.due_at.is_(None)
    )
    with store.write() as connection:
        connection.execute(sa.delete(alert_changes).where(alert_changes.c.at < before))
        return connection.execute(old).rowcount
