"""Audits that a worker runs: asked for, weekly, kept, compared, and told of."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from forwarder import outside
from forwarder.alerts.of_links import link as rule
from forwarder.alerts.readings import Known, Readings, read
from forwarder.clicks import auditing
from forwarder.clicks.audit_told import changes
from forwarder.clicks.auditing import Place
from forwarder.store import Store, link_audits, links
from forwarder.store.link_audits import GIVE_UP_AFTER, LinkAudit
from tests.clicks.chain import running
from tests.clicks.following import NOW, TO, a_link, a_store

WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running() as address:
        yield address


@pytest.fixture
def place(database_url: str) -> Iterator[Place]:
    store = a_store(database_url)
    for link in (
        a_link(),
        a_link("still", is_paused=True),
        a_link("over", expires_at=NOW),
    ):
        links.add(store, link, NOW)
    yield Place(
        store=store,
        session=outside.session(allow_private=True, any_port=True),
        public_url="https://events.example.com",
        allowed_hosts=["127.0.0.1"],
        is_public=True,
    )
    store.close()


def run(place: Place, url: str, slug: str | None = "spring") -> LinkAudit:
    number = link_audits.ask(place.store, url, slug, "anna", NOW)

    assert auditing.run_next(place, NOW)
    found = link_audits.find(place.store, number)
    assert found is not None
    return found


def test_an_audit_that_was_asked_for_is_run_and_kept(place: Place, server: str) -> None:
    one = run(place, f"{server}/later")

    assert ("red", None, NOW) == (one.verdict, one.fault, one.finished_at)
    assert one.told is not None
    assert ("red", 2) == (one.told["verdict"], one.told["first_bad_hop"])
    assert not auditing.run_next(place, NOW)
    assert [one] == list(link_audits.recent(place.store, "spring"))
    assert [] == list(link_audits.recent(place.store, before_id=one.id))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://169.254.169.254/", "an inner network"),
        ("example.com", "none of the web"),
        ("http://127.0.0.1:9/", "does not answer"),
    ],
)
def test_an_address_that_is_not_called_ends_its_audit_with_a_reason(
    place: Place, url: str, why: str
) -> None:
    one = run(place, url, None)

    assert one.verdict is None
    assert one.fault is not None
    assert why in one.fault


def test_an_audit_that_breaks_is_not_tried_for_ever(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("odd")

    monkeypatch.setattr(auditing, "audit", broken)
    one = run(place, TO)

    assert auditing.FAILED == one.fault
    assert not auditing.run_next(place, NOW + 2 * GIVE_UP_AFTER)


def test_each_open_link_is_audited_once_a_week(place: Place) -> None:
    first = auditing.plan_weekly(place, WEEK, NOW)
    again = auditing.plan_weekly(place, WEEK, NOW + timedelta(days=6))
    next_week = auditing.plan_weekly(place, WEEK, NOW + timedelta(days=8))
    (one, _) = link_audits.recent(place.store)

    assert (1, 0, 1) == (first, again, next_week)
    assert ("https://events.example.com/go/spring", "spring", "schedule") == (
        one.url, one.slug, one.who,
    )  # fmt: skip
    hidden = replace(place, is_public=False)
    assert TO == auditing.address_of(hidden, "spring")


def test_an_audit_whose_worker_died_is_taken_by_another(place: Place) -> None:
    link_audits.ask(place.store, TO, "spring", "anna", NOW)
    first = link_audits.claim(place.store, NOW)
    meanwhile = link_audits.claim(place.store, NOW + timedelta(minutes=1))
    later = link_audits.claim(place.store, NOW + 2 * GIVE_UP_AFTER)

    assert meanwhile is None
    assert first == later


def finished(store: Store, *verdicts: str) -> None:
    for verdict in verdicts:
        number = link_audits.ask(store, TO, "spring", "schedule", NOW)
        link_audits.finish(store, number, {"verdict": verdict}, NOW)


def readings(store: Store) -> Readings:
    known = Known(endpoints=frozenset(), destinations=frozenset(), has_beat=False)
    return read(store, known, NOW, with_quiet=False)


@pytest.mark.parametrize(
    ("verdicts", "told"),
    [
        ((), []),
        (("green",), []),
        (("amber",), []),  # so it was made
        (("red",), ["The audit of the link spring is red."]),
        (("green", "amber", "amber"),
         ["The audit of the link spring is amber. It was green before."]),
        (("amber", "red"),
         ["The audit of the link spring is red. It was amber before."]),
        (("green", "red", "green"), []),
        (("red", "amber"), []),
    ],
)  # fmt: skip
def test_a_change_for_the_worse_is_an_alert(
    place: Place, verdicts: tuple[str, ...], told: list[str]
) -> None:
    finished(place.store, *verdicts)

    assert told == [one.summary for one in rule(readings(place.store))]


def test_a_paused_link_is_no_alert(place: Place) -> None:
    finished(place.store, "red")
    links.change(place.store, a_link(is_paused=True), NOW)

    assert [] == list(rule(readings(place.store)))


def test_what_changed_since_the_audit_before_is_told(place: Place, server: str) -> None:
    good, bad = run(place, f"{server}/keep"), run(place, f"{server}/later")

    assert good.told is not None
    assert bad.told is not None
    told = changes(dict(good.told), dict(bad.told))
    assert "was green, is red" in told
    assert "2 hops before, 3 now" in told
    assert "utm_source was preserved, is dropped" in told
    assert [] == list(changes(dict(good.told), dict(good.told)))
    assert link_audits.before(place.store, bad) is None  # another address
    again = run(place, f"{server}/keep")
    assert good == link_audits.before(place.store, again)


def test_old_audits_are_cleared(place: Place) -> None:
    finished(place.store, "green")

    assert 0 == link_audits.forget(place.store, NOW)
    assert 1 == link_audits.forget(place.store, NOW + timedelta(seconds=1))
