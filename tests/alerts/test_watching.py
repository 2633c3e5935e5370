"""The duty of every minute, from the tables to the message."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from forwarder.alerts.of_machines import JOB_WAITS_MOST
from forwarder.alerts.rules import RULES
from forwarder.alerts.watching import (
    LATE_AFTER,
    RETRIES,
    Post,
    deliver,
    is_late,
    watch_minute,
)
from forwarder.core.delivery import NoticeStatus
from forwarder.core.tally import Tally
from forwarder.pipeline import fetching
from forwarder.pipeline.missing import Window
from forwarder.store import Store, alerts, health, tallies, watch
from forwarder.store.alerts import OPEN, RESOLVED
from forwarder.store.inbox import accept
from tests.alerts.conftest import Ear
from tests.house.test_docs import text_of
from tests.store.shop import NOW, an_arrival, an_event, note_health, take
from tests.store.test_health import WELL

BASE = NOW.replace(minute=0)


@dataclass(slots=True)
class Day:
    """A day on which one minute is watched after the other."""

    post: Post
    now: datetime = BASE
    has_worker: bool = True
    told: list[str] = field(default_factory=list)

    def minutes(self, n: int = 1, step: int = 1) -> set[str]:
        """Let time pass, a look at each step; return what is open then."""
        for _ in range(0, n, step):
            self.now += timedelta(minutes=step)
            if self.has_worker:
                health.note_worker(self.post.store, "w", self.now, has_worked=True)
            watch_minute(self.post, self.now)
            deliver(self.post, self.now)
        return self.open()

    def open(self) -> set[str]:
        found = alerts.list_alerts(self.post.store, (OPEN,))
        return {f"{one.rule} {one.subject}".strip() for one in found}


@pytest.fixture
def day(post: Post) -> Day:
    return Day(post)


def note(day: Day, name: str, subject: str, value: float) -> None:
    watch.note_measure(day.post.store, name, subject, value, day.now)


def settle(store: Store, status: str, *numbers: int) -> None:
    with store.write() as connection:
        for number in numbers:
            connection.exec_driver_sql(
                "UPDATE deliveries SET status = ?, reason = ?, settled_at = "
                "received_at, next_attempt_at = NULL WHERE event_id LIKE ?",
                (status, "invalid" if status == "refused" else "", f"%:{number}:%"),
            )


def waits(day: Day) -> None:
    take(day.post.store, an_event(1, at=day.now), at=day.now - timedelta(minutes=6))


def near_its_end(day: Day) -> None:
    note_health(day.post.store, replace(WELL, max_age_s=7 * 86_400))
    old = day.now - timedelta(days=6, hours=12)
    take(day.post.store, an_event(1, at=old), at=day.now)


def is_refused(day: Day) -> None:
    take(day.post.store, an_event(1, at=day.now), at=day.now)
    settle(day.post.store, "refused", 1)


def many_refused(day: Day) -> None:
    events = [an_event(n, at=day.now) for n in range(30)]
    take(day.post.store, *events, at=day.now)
    settle(day.post.store, "delivered", *range(2, 30))
    settle(day.post.store, "refused", 0, 1)


def many_quarantined(day: Day) -> None:
    for number in range(30):
        arrival = an_arrival(an_event(number, at=day.now), at=day.now)
        if number < 3:
            held = NoticeStatus.QUARANTINED
            arrival = replace(arrival, status=held, reason="?", events=(), skips=())
        accept(day.post.store, arrival)


def conflicts(day: Day) -> None:
    for body in (b"{}", b"{ }"):
        arrival = an_arrival(an_event(1, at=day.now), at=day.now, body=body)
        accept(day.post.store, arrival)


def is_forged(day: Day) -> None:
    day.minutes(130, step=10)  # two hourly marks
    counted = Tally()
    counted.add("forwarder_webhooks_received_total", ("my-shop", "bad_signature"), 9)
    counted.add("forwarder_webhooks_received_total", ("my-shop", "accepted"), 40)
    tallies.flush(day.post.store, counted)


def forged_marks(day: Day) -> None:
    counted = Tally()
    counted.add("forwarder_webhooks_received_total", ("my-shop", "accepted"), 40)
    tallies.flush(day.post.store, counted)
    is_forged(day)


def is_blocked(day: Day) -> None:
    blocked = replace(WELL, state=health.BLOCKED, reason="auth", message="no token")
    note_health(day.post.store, blocked)


def is_broken(day: Day) -> None:
    note_health(day.post.store, replace(WELL, state=health.OPEN, n_failures=20))


def is_forgotten(day: Day) -> None:
    arrival = an_arrival(an_event(1, at=day.now), at=day.now, destination="gone")
    accept(day.post.store, arrival)


def answer_is_lost(day: Day) -> None:
    take(day.post.store, an_event(1, at=day.now), at=day.now - timedelta(hours=2))
    with day.post.store.write() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET reason = 'answer_lost'")


def is_set_back(day: Day) -> None:
    note(day, "set_back_from", "box", (NOW - timedelta(days=1)).timestamp())
    note(day, "set_back_to", "box", NOW.timestamp())


def clicks_are_lost(day: Day) -> None:
    day.minutes(2)
    counted = Tally()
    counted.add("forwarder_clicks_dropped_total", ("refused",))
    tallies.flush(day.post.store, counted)


def clicks_wait(day: Day) -> None:
    day.minutes(2)
    counted = Tally()
    counted.add("forwarder_click_writes_failed_total", ())
    tallies.flush(day.post.store, counted)


def a_job_waits(day: Day) -> None:
    since = day.now - JOB_WAITS_MOST
    week = Window(since=since, until=since)
    fetching.start_ask(day.post.store, "my-shop", "all", week, "ada", since)


def no_worker(day: Day) -> None:
    day.has_worker = False


WRONGS: list[tuple[Callable[[Day], None], str]] = [
    (waits, "oldest_unsent main"),
    (near_its_end, "near_deadline main"),
    (is_refused, "refused invalid"),
    (many_refused, "refused_share main"),
    (many_quarantined, "quarantined my-shop"),
    (conflicts, "conflict my-shop"),
    (forged_marks, "forged my-shop"),
    (is_blocked, "blocked main"),
    (is_broken, "breaker main"),
    (is_forgotten, "forgotten gone"),
    (answer_is_lost, "answer_lost main"),
    (no_worker, "worker"),
    (a_job_waits, "job_waits"),
    (clicks_are_lost, "clicks lost"),
    (clicks_wait, "clicks unwritten"),
    (is_set_back, "set_back box"),
    (lambda day: note(day, "worker_restarts", "box", 1), "worker_restarted box"),
    (lambda day: note(day, "broker_down_seconds", "box", 70), "broker box"),
    (lambda day: note(day, "disk_free_share", "box", 0.1), "disk box"),
    (lambda day: note(day, "clock_skew_seconds", "database", -90), "clock database"),
    (
        lambda day: note(day, "certificate_left_seconds", "https://x", 86_400 * 10),
        "certificate https://x",
    ),
    (
        lambda day: note(day, "public_url_faults", "https://x", 2),
        "unreachable https://x",
    ),
]


@pytest.mark.parametrize(("happen", "alert"), WRONGS, ids=[two for _, two in WRONGS])
def test_what_is_wrong_is_open_within_a_minute(
    day: Day, ear: Ear, happen: Callable[[Day], None], alert: str
) -> None:
    happen(day)

    assert alert in day.minutes()
    told = [message.content.decode() for message in ear.heard]
    assert any(f'"rule":"{alert.split(maxsplit=1)[0]}"' in text for text in told)
    assert not any("example.org" in text for text in told)  # where our people live


def test_a_usual_day_opens_nothing(day: Day, ear: Ear) -> None:
    take(day.post.store, an_event(1, at=day.now), at=day.now)
    settle(day.post.store, "delivered", 1)

    assert set() == day.minutes(30)
    assert [] == ear.heard


def test_no_beat_is_told_where_there_should_be_one(day: Day) -> None:
    known = replace(day.post.known, has_beat=True)
    day.post = replace(day.post, known=known)
    note(day, "beat_seen", "", 1)

    assert set() == day.minutes(3)
    assert {"beat"} == day.minutes()


def test_what_cannot_be_read_any_more_leaves_its_alert_as_it_is(day: Day) -> None:
    note(day, "disk_free_share", "box", 0.01)
    day.minutes()
    day.now += timedelta(hours=4)

    assert {"disk box"} == day.minutes()


def test_a_rule_that_is_switched_off_is_silent(day: Day) -> None:
    is_blocked(day)
    assert {"blocked main"} == day.minutes()
    day.post = replace(day.post, off=frozenset({"blocked"}))

    assert set() == day.minutes()
    assert [RESOLVED] == [one.state for one in alerts.list_alerts(day.post.store)]


def test_a_source_gone_quiet_is_told_within_hours(day: Day) -> None:
    store = day.post.store
    start = day.now - timedelta(days=4)
    for number in range(4 * 24 * 2):
        at = start + timedelta(minutes=30 * number)
        take(store, an_event(number, at=at), at=at)
    settle(store, "delivered", *range(4 * 24 * 2))
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET status = 'delivered'")

    assert set() == day.minutes(60, step=10)
    assert {"quiet my-shop"} == day.minutes(5 * 60, step=10)


def test_each_minute_is_watched_once(post: Post) -> None:
    assert [True, False] == [watch_minute(post, NOW) for _ in range(2)]
    assert watch_minute(post, NOW + timedelta(minutes=1))


def test_somebody_else_may_watch_when_nobody_does(post: Post) -> None:
    assert is_late(post.store, NOW)
    watch_minute(post, NOW)

    assert not is_late(post.store, NOW + LATE_AFTER)
    assert is_late(post.store, NOW + LATE_AFTER + timedelta(seconds=1))


def test_a_message_that_does_not_leave_is_tried_again_and_then_given_up(
    day: Day, ear: Ear
) -> None:
    ear.is_deaf = True
    is_blocked(day)
    day.minutes()
    for wait in RETRIES:
        [message] = alerts.messages_of(day.post.store, 1)
        assert ("nobody listens", day.now + wait) == (message.fault, message.due_at)
        day.now += wait
        deliver(day.post, day.now)

    [message] = alerts.messages_of(day.post.store, 1)
    assert (None, len(RETRIES) + 1) == (message.due_at, message.attempts)


def test_a_message_is_sent_once_though_two_send(day: Day, ear: Ear) -> None:
    is_blocked(day)
    health.note_worker(day.post.store, "w", day.now)
    watch_minute(day.post, day.now)

    assert [1, 0] == [deliver(day.post, day.now) for _ in range(2)]
    assert 1 == len(ear.heard)


def test_a_message_for_a_channel_that_is_gone_is_told(day: Day) -> None:
    is_blocked(day)
    watch_minute(day.post, day.now)
    deliver(replace(day.post, channels=[]), day.now)

    [message] = alerts.messages_of(day.post.store, 1)
    assert "the channel ear is not in the settings any more" == message.fault


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_is_documented(rule: str) -> None:
    assert f"\n| `{rule}` | " in text_of("docs/monitoring.md")


def test_the_history_stays_for_as_long_as_the_settings_say(day: Day) -> None:
    day.post = replace(day.post, kept_for=timedelta(hours=1))
    is_blocked(day)
    day.minutes(10)
    [alert] = alerts.list_alerts(day.post.store, (OPEN,))

    def n_kept() -> tuple[int, int]:
        store = day.post.store
        return len(alerts.history(store, alert.id)), len(
            alerts.messages_of(store, alert.id)
        )

    before = n_kept()
    day.minutes(80, step=10)

    assert ((1, 1), (0, 0)) == (before, n_kept())
