"""Alerts and their messages as rows, on both databases."""

import threading
from datetime import timedelta

from forwarder.store import Store, alerts
from forwarder.store.alerts import LEASE, OPEN, RESOLVED, Alert, Draft
from tests.store.shop import NOW

NEW = Alert(
    id=0,
    rule="disk",
    subject="box",
    severity="warn",
    state=OPEN,
    summary="5% free",
    mend="make room",
    link="",
    who="",
    opened_at=NOW,
    changed_at=NOW,
    seen_at=NOW,
    ignored_until=None,
    n_opened=1,
)


def draft(minutes: float = 0) -> Draft:
    due_at = NOW + timedelta(minutes=minutes)
    return Draft(channel="email", what="opened", due_at=due_at, content=b"{}")


def test_one_of_two_that_open_the_same_does(store: Store) -> None:
    first = alerts.keep(store, None, NEW, "", [draft()])

    assert first is not None
    assert alerts.keep(store, None, NEW, "", [draft()]) is None
    assert [first] == alerts.list_alerts(store)
    assert 1 == len(alerts.messages_of(store, first.id))


def test_alerts_are_found_by_state_and_rule(store: Store) -> None:
    alerts.keep(store, None, NEW, "")

    assert 1 == len(alerts.list_alerts(store, (OPEN,)))
    assert [] == alerts.list_alerts(store, (RESOLVED,))
    assert [] == alerts.list_alerts(store, rule="clock")
    assert alerts.find_alert(store, 99) is None


def test_a_message_is_claimed_when_it_is_due_and_by_one_only(store: Store) -> None:
    alerts.keep(store, None, NEW, "", [draft(), draft(5)])
    found: list[int] = []

    def claim() -> None:
        found.extend(one.id for one in alerts.claim_messages(store, NOW))

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 == len(found)
    assert [] == alerts.claim_messages(store, NOW + LEASE - timedelta(seconds=1))
    assert found == [one.id for one in alerts.claim_messages(store, NOW + LEASE)]


def test_who_comes_late_settles_nothing(store: Store) -> None:
    kept = alerts.keep(store, None, NEW, "", [draft()])
    assert kept is not None
    [late] = alerts.claim_messages(store, NOW)
    alerts.claim_messages(store, NOW + LEASE)
    alerts.settle_message(store, late, None, "")

    [message] = alerts.messages_of(store, kept.id)
    assert message.due_at is not None


def test_what_nobody_was_sent_can_be_taken_back(store: Store) -> None:
    kept = alerts.keep(store, None, NEW, "", [draft(), draft(60)])
    assert kept is not None
    alerts.claim_messages(store, NOW)
    alerts.drop_untold(store, kept.id)

    assert [1] == [one.attempts for one in alerts.messages_of(store, kept.id)]


def test_old_messages_and_changes_are_forgotten(store: Store) -> None:
    kept = alerts.keep(store, None, NEW, "", [draft(), draft(60)])
    assert kept is not None
    [sent] = alerts.claim_messages(store, NOW)
    alerts.settle_message(store, sent, None, "")

    assert 1 == alerts.forget_messages(store, NOW + timedelta(days=1))
    assert 1 == len(alerts.messages_of(store, kept.id))  # the one that waits
    assert [] == alerts.history(store, kept.id)
