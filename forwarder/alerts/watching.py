"""The duty of every minute: judge, keep the states, tell whom it concerns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from forwarder.alerts import states
from forwarder.alerts.channels import Channel, NotSent
from forwarder.alerts.readings import Known, read
from forwarder.alerts.rules import judged
from forwarder.alerts.states import Telling
from forwarder.store import Store, alerts, duties, watch
from forwarder.store.alerts import Message

DUTY: Final = "watch"
QUIET_EVERY_MIN: Final = 10
LATE_AFTER: Final = timedelta(seconds=150)
MEASURES_KEPT: Final = timedelta(days=30)
WORKERS_KEPT: Final = timedelta(days=1)
AT_ONCE: Final = 5  # messages; each may take 10 s of the minute
RETRIES: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 60, 180, 360, 720)
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """The watchman's post: what there is to watch, and how to tell of it.

    `off` are the rules that the settings switch off, `kept_for` is how long the history
    of alerts stays.
    """

    store: Store
    known: Known
    channels: Sequence[Channel]
    off: frozenset[str]
    public_url: str
    kept_for: timedelta = timedelta(days=90)


def watch_minute(post: Post, now: datetime) -> bool:
    """Judge and tell, once a minute whoever is asked; say whether it was us.

    Raises: StoreDown.
    """
    if not duties.take_duty(post.store, DUTY, f"{now:%Y-%m-%dT%H:%M}", now):
        return False
    is_tenth = now.minute % QUIET_EVERY_MIN == 0
    readings = read(post.store, post.known, now, with_quiet=is_tenth)
    telling = Telling(
        channels=[channel.name for channel in post.channels],
        public_url=post.public_url,
    )
    for rule, found in judged(readings).items():
        wanted = [] if rule in post.off else found
        states.update(post.store, rule, wanted, telling, now)
    if is_tenth:
        _tidy(post, now)
    return True


def is_late(store: Store, now: datetime) -> bool:
    """Say whether nobody has watched for some minutes: then anybody should."""
    last = watch.last_duty(store, DUTY)
    return last is None or now - last > LATE_AFTER


def _tidy(post: Post, now: datetime) -> None:
    store = post.store
    watch.forget_duties(store, DUTY, now)
    watch.forget_measures(store, now - MEASURES_KEPT)
    watch.forget_workers(store, now - WORKERS_KEPT)
    alerts.forget_messages(store, now - post.kept_for)


def deliver(post: Post, now: datetime) -> int:
    """Send what is due; return how many messages left. A fault is tried again."""
    by_name = {channel.name: channel for channel in post.channels}
    n_sent = 0
    for message in alerts.claim_messages(post.store, now, AT_ONCE):
        fault = _sent(by_name.get(message.channel), message, now)
        n_sent += not fault
        due_at = _again_at(message, now) if fault else None
        alerts.settle_message(post.store, message, due_at, fault)
    return n_sent


def _sent(channel: Channel | None, message: Message, now: datetime) -> str:
    """Send a message; return why it did not leave, or nothing."""
    if channel is None:
        return f"the channel {message.channel} is not in the settings any more"
    try:
        channel.send(message, now)
    except NotSent as fault:
        log.warning("alert not sent", channel=channel.name, fault=str(fault))
        return str(fault)
    return ""


def _again_at(message: Message, now: datetime) -> datetime | None:
    """Return when to try again; None once a day of attempts has failed."""
    if message.attempts > len(RETRIES):
        log.error("alert given up", channel=message.channel, attempts=message.attempts)
        return None
    return now + RETRIES[message.attempts - 1]
