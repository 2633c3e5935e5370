from dataclasses import replace
from datetime import timedelta

from forwarder.store import Store, log, outbox
from forwarder.store.enrichment import claim_thin, put_back
from forwarder.store.log import Filter
from forwarder.store.outbox import LEASE
from tests.store.shop import NOW, an_event, take

THIN = replace(an_event(1), enrich="lines", enrich_ref="cs_1")
FULL = replace(THIN, enrich=None, warnings=("looked up",))


def test_only_thin_deliveries_are_claimed_and_once(store: Store) -> None:
    take(store, THIN, an_event(2))

    found = claim_thin(store, "w1", 10, NOW)

    assert [("my-shop", THIN, 1)] == [(t.endpoint, t.event, t.attempts) for t in found]
    assert [] == claim_thin(store, "w2", 10, NOW)
    assert [THIN] == [t.event for t in claim_thin(store, "w2", 10, NOW + LEASE)]


def test_what_was_looked_up_is_sent_next(store: Store) -> None:
    take(store, THIN)
    thin = claim_thin(store, "w1", 10, NOW)[0]
    put_back(store, thin, FULL, NOW, due_at=NOW)

    claim = outbox.claim(store, "main", "w1", 10, NOW)
    assert claim is not None
    assert [(FULL, 1)] == [(row.event, row.attempts) for row in claim.rows]


def test_what_is_due_later_waits_for_another_look_up(store: Store) -> None:
    take(store, THIN)
    thin = claim_thin(store, "w1", 10, NOW)[0]
    later = NOW + timedelta(seconds=30)
    put_back(store, thin, None, NOW, due_at=later)

    assert outbox.claim(store, "main", "w1", 10, later) is None
    assert [2] == [t.attempts for t in claim_thin(store, "w1", 10, later)]
    assert "enriching" == log.list_deliveries(store, Filter()).lines[0].reason


def test_who_lost_the_lease_writes_nothing(store: Store) -> None:
    take(store, THIN)
    late = claim_thin(store, "w1", 10, NOW)[0]
    now = NOW + LEASE
    second = claim_thin(store, "w2", 10, now)[0]
    put_back(store, late, replace(FULL, warnings=("late",)), now, due_at=now)
    assert outbox.claim(store, "main", "w1", 10, now) is None

    put_back(store, second, FULL, now, due_at=now)
    claim = outbox.claim(store, "main", "w1", 10, now)
    assert claim is not None
    assert [FULL] == [row.event for row in claim.rows]
