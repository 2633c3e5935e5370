"""Turn what is wrong into states: opened, worse, resolved, opened again.

Only a change is told, so an outage of half an hour is two messages. What comes and
goes is told once an hour at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from forwarder.alerts.conditions import PAGE, Condition
from forwarder.alerts.messages import told
from forwarder.store import Store, alerts, audit
from forwarder.store.alerts import (
    ACKNOWLEDGED,
    IGNORED,
    OPEN,
    RESOLVED,
    Alert,
    Draft,
)

QUIET_FOR: Final = timedelta(hours=1)
OPENED: Final = "opened"
WORSE: Final = "worse"
OVER: Final = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Through which channels changes are told, and where the console is."""

    channels: Sequence[str]
    public_url: str


def update(
    store: Store,
    rule: str,
    found: Sequence[Condition],
    telling: Telling,
    now: datetime,
) -> None:
    """Bring the alerts of one rule up to what was found. Raises: StoreDown."""
    known = {one.subject: one for one in alerts.list_alerts(store, rule=rule)}
    for condition in found:
        _found(store, rule, known.get(condition.subject), condition, telling, now)
    subjects = {condition.subject for condition in found}
    for subject, alert in known.items():
        if subject not in subjects:
            _gone(store, alert, telling, now)


def _found(
    store: Store,
    rule: str,
    before: Alert | None,
    condition: Condition,
    telling: Telling,
    now: datetime,
) -> None:
    if before is None:
        alert = _new(rule, condition, now)
        alerts.keep(store, None, alert, condition.summary, _drafts(alert, telling, now))
        return
    what = _what_happened(before, condition, now)
    after = replace(
        before,
        severity=condition.severity,
        summary=condition.summary,
        mend=condition.mend,
        link=condition.link,
        seen_at=now,
    )
    if what:
        after = _opened(after, now, is_anew=before.state == RESOLVED)
    drafts = _drafts(after, telling, _told_again_at(store, before, what, now), what)
    alerts.keep(store, before, after, condition.summary, drafts if what else ())


def _new(rule: str, condition: Condition, now: datetime) -> Alert:
    return Alert(
        id=0,
        rule=rule,
        subject=condition.subject,
        severity=condition.severity,
        state=OPEN,
        summary=condition.summary,
        mend=condition.mend,
        link=condition.link,
        who="",
        opened_at=now,
        changed_at=now,
        seen_at=now,
        ignored_until=None,
        n_opened=1,
    )


def _what_happened(before: Alert, condition: Condition, now: datetime) -> str:
    """Return what is to be told of a condition that was known; often nothing."""
    if before.state == RESOLVED:
        return OPENED
    if before.state == IGNORED:
        is_over = before.ignored_until is not None and before.ignored_until <= now
        return OPENED if is_over else ""
    is_worse = condition.severity == PAGE and before.severity != PAGE
    return WORSE if is_worse else ""


def _opened(alert: Alert, now: datetime, *, is_anew: bool) -> Alert:
    return replace(
        alert,
        state=OPEN,
        who="",
        ignored_until=None,
        changed_at=now,
        opened_at=now if is_anew else alert.opened_at,
        n_opened=alert.n_opened + int(is_anew),
    )


def _gone(store: Store, before: Alert, telling: Telling, now: datetime) -> None:
    """Resolve what is not found any more; what is ignored stays so until its time."""
    is_ignored_yet = before.state == IGNORED and (
        before.ignored_until is None or before.ignored_until > now
    )
    if before.state == RESOLVED or is_ignored_yet:
        return
    is_untold = _is_untold(store, before)
    alerts.drop_untold(store, before.id)
    after = replace(
        before,
        state=RESOLVED,
        who="",
        changed_at=now,
        seen_at=now,
        ignored_until=None,
    )
    is_silent = is_untold or before.state == IGNORED
    drafts = [] if is_silent else _drafts(after, telling, now, OVER)
    alerts.keep(store, before, after, "it is over", drafts)


def _is_untold(store: Store, alert: Alert) -> bool:
    """Say whether nobody was told yet that it opened: then its end is no news."""
    opened = [one for one in alerts.messages_of(store, alert.id) if one.what != OVER]
    return bool(opened) and opened[-1].attempts == 0


def _told_again_at(store: Store, before: Alert, what: str, now: datetime) -> datetime:
    """Return when to tell: at once, or an hour after the same was told before."""
    if what != OPENED:
        return now
    told_at = [
        one.made_at
        for one in alerts.messages_of(store, before.id)
        if one.what == OPENED and one.attempts
    ]
    return max([now, *(at + QUIET_FOR for at in told_at)])


def _drafts(
    alert: Alert, telling: Telling, due_at: datetime, what: str = OPENED
) -> list[Draft]:
    content = told(alert, what, telling.public_url)
    return [
        Draft(channel=channel, what=what, due_at=due_at, content=content)
        for channel in telling.channels
    ]


def acknowledge(store: Store, alert_id: int, who: str, now: datetime) -> Alert | None:
    """Note that a person knows; None when there is no such alert, or it is over."""
    before = _present(store, alert_id)
    return None if before is None else _by(store, before, ACKNOWLEDGED, who, now)


def ignore(
    store: Store, alert_id: int, who: str, now: datetime, until: datetime | None = None
) -> Alert | None:
    """Tell nobody until then, or ever; None when there is no such alert, or it is over.

    It opens again by itself when the time is over and it is still so.
    """
    before = _present(store, alert_id)
    if before is None:
        return None
    return _by(store, replace(before, ignored_until=until), IGNORED, who, now)


def resolve(store: Store, alert_id: int, who: str, now: datetime) -> Alert | None:
    """End an alert by hand; None when there is none, or it is over.

    What is still wrong opens it again within a minute.
    """
    before = _present(store, alert_id)
    return None if before is None else _by(store, before, RESOLVED, who, now)


def _present(store: Store, alert_id: int) -> Alert | None:
    found = alerts.find_alert(store, alert_id)
    return None if found is None or found.state == RESOLVED else found


def _by(
    store: Store, before: Alert, state: str, who: str, now: datetime
) -> Alert | None:
    """Write down what a person did, in the history and in the audit log."""
    until = before.ignored_until if state == IGNORED else None
    after = replace(before, state=state, who=who, changed_at=now, ignored_until=until)
    note = "" if until is None else f"until {until:%Y-%m-%d %H:%M}Z"
    kept = alerts.keep(store, before, after, note)
    if kept is not None:
        alerts.drop_untold(store, before.id)
        subject = f"{after.rule} {after.subject}".strip()
        audit.note(store, who, f"alert {state}", subject, now, note)
    return kept
