"""An alert opens once, is told once, and ends by itself."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from forwarder.alerts import states
from forwarder.alerts.conditions import PAGE, WARN, Condition
from forwarder.alerts.states import Telling
from forwarder.store import Store, alerts, audit
from forwarder.store.alerts import ACKNOWLEDGED, IGNORED, OPEN, RESOLVED, Alert
from forwarder.store.audit import Wanted
from tests.store.shop import NOW

TELLING = Telling(channels=["ear"], public_url="https://events.example.com")
WRONG = Condition(
    subject="main", severity=WARN, summary="It waits.", mend="Look.", link="/console/x"
)


class Watch:
    """One rule, looked at minute by minute."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOW

    def look(self, *found: Condition, after_min: float = 1) -> Alert:
        self.now += timedelta(minutes=after_min)
        states.update(self.store, "oldest_unsent", found, TELLING, self.now)
        return self.alert

    @property
    def alert(self) -> Alert:
        return alerts.list_alerts(self.store)[0]

    def told(self) -> list[str]:
        """Send what is due; return everything that was told so far."""
        for message in alerts.claim_messages(self.store, self.now):
            alerts.settle_message(self.store, message, None, "")
        found = alerts.messages_of(self.store, self.alert.id)
        return [one.what for one in found if one.due_at is None]


@pytest.fixture
def watch(store: Store) -> Watch:
    return Watch(store)


def test_half_an_hour_of_outage_is_two_messages(watch: Watch) -> None:
    for _ in range(30):
        watch.look(WRONG)
        watch.told()
    over = watch.look()

    assert ["opened", "resolved"] == watch.told()
    assert (RESOLVED, 1) == (over.state, over.n_opened)
    assert [OPEN, RESOLVED] == [one.state for one in alerts.history(watch.store, 1)]


def test_what_is_told_names_cause_mend_and_link(watch: Watch) -> None:
    watch.look(WRONG)
    content = msgspec.json.decode(alerts.messages_of(watch.store, 1)[0].content)

    assert "alert.opened" == content["type"]
    assert "https://events.example.com/console/x" == content["data"]["url"]
    assert ("It waits.", "Look.") == (
        content["data"]["summary"],
        content["data"]["mend"],
    )


def test_what_comes_and_goes_is_told_once_an_hour(watch: Watch) -> None:
    for _ in range(20):
        watch.look(WRONG)
        watch.told()
        watch.look()
        watch.told()

    assert ["opened", "resolved"] == watch.told()
    assert 20 == watch.alert.n_opened
    watch.look(WRONG, after_min=60)
    assert ["opened", "resolved", "opened"] == watch.told()


def test_worse_is_told_and_better_is_not(watch: Watch) -> None:
    page = replace(WRONG, severity=PAGE)
    watch.look(WRONG)
    states.acknowledge(watch.store, 1, "anna", watch.now)
    assert OPEN == watch.look(page).state
    assert WARN == watch.look(WRONG).severity

    assert ["worse"] == watch.told()[-1:]


def test_who_knows_of_it_is_not_told_again(watch: Watch) -> None:
    watch.look(WRONG)
    watch.told()
    known = states.acknowledge(watch.store, 1, "anna", watch.now)
    after = watch.look(replace(WRONG, summary="It waits still."))

    assert known is not None
    assert (ACKNOWLEDGED, "anna") == (after.state, after.who)
    assert "It waits still." == after.summary
    assert ["opened"] == watch.told()
    assert RESOLVED == watch.look().state


def test_ignored_is_silent_until_its_time_and_opens_again_by_itself(
    watch: Watch,
) -> None:
    watch.look(WRONG)
    until = watch.now + timedelta(hours=2)
    states.ignore(watch.store, 1, "anna", watch.now, until)

    assert IGNORED == watch.look().state
    assert IGNORED == watch.look(replace(WRONG, severity=PAGE)).state
    assert [] == watch.told()
    assert OPEN == watch.look(WRONG, after_min=180).state
    assert ["opened"] == watch.told()


def test_ignored_without_an_end_stays_so(watch: Watch) -> None:
    watch.look(WRONG)
    states.ignore(watch.store, 1, "anna", watch.now)

    assert IGNORED == watch.look(WRONG, after_min=60 * 24 * 300).state


def test_an_ignored_one_that_is_over_ends_without_a_word(watch: Watch) -> None:
    watch.look(WRONG)
    watch.told()
    until = watch.now + timedelta(hours=1)
    states.ignore(watch.store, 1, "anna", watch.now, until)

    assert RESOLVED == watch.look(after_min=61).state
    assert ["opened"] == watch.told()


def test_resolved_by_hand_opens_again_while_it_is_still_so(watch: Watch) -> None:
    watch.look(WRONG)
    states.resolve(watch.store, 1, "anna", watch.now)

    assert RESOLVED == watch.alert.state
    assert (OPEN, 2) == (watch.look(WRONG).state, watch.alert.n_opened)


def test_what_is_over_can_not_be_acknowledged(watch: Watch) -> None:
    watch.look(WRONG)
    watch.look()

    assert states.acknowledge(watch.store, 1, "anna", watch.now) is None
    assert states.ignore(watch.store, 99, "anna", watch.now) is None


def test_of_two_that_act_at_once_one_is_told_so(watch: Watch) -> None:
    before = watch.look(WRONG)
    states.acknowledge(watch.store, 1, "anna", watch.now)
    late = replace(before, state=IGNORED, who="ben")

    assert alerts.keep(watch.store, before, late, "") is None
    assert ACKNOWLEDGED == watch.alert.state


def test_what_a_person_does_stands_in_the_audit_log(watch: Watch) -> None:
    watch.look(WRONG)
    states.ignore(watch.store, 1, "anna", watch.now, watch.now + timedelta(hours=1))
    found = audit.entries(watch.store, Wanted()).entries

    assert [("anna", "alert ignored", "oldest_unsent main")] == [
        (one.who, one.action, one.subject) for one in found
    ]
