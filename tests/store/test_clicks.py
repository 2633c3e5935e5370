from dataclasses import replace
from datetime import date, timedelta

from forwarder.core.event import Kind
from forwarder.core.links import Arm, Click, ClickClass, UtmPolicy
from forwarder.store import Store, clicks, join_marks, links
from forwarder.store.untied import Untied, untied
from tests.clicks.following import NOW, a_link
from tests.clicks.test_spool import WHOLE, a_click
from tests.store.shop import an_event, take

DAY, ONE = date(2026, 11, 22), timedelta(days=1)


def test_a_link_is_kept_and_changed(store: Store) -> None:
    link = a_link(
        campaign="spring", pin_id="12", utm_policy=UtmPolicy.LINK_WINS,
        expires_at=NOW, fallback="https://a.example/", arms=(Arm("https://b/", 3),),
    )  # fmt: skip
    before = links.stamp(store)

    assert links.add(store, link, NOW)
    assert not links.add(store, link, NOW)
    assert link == links.find(store, "spring")
    assert before != links.stamp(store)
    changed = replace(link, is_paused=True, utm_policy=None)
    assert links.change(store, changed, NOW + timedelta(seconds=1))
    assert [changed] == links.every(store)
    assert links.find(store, "none") is None
    assert not links.change(store, a_link("none"), NOW)


def test_the_same_clicks_twice_count_once(store: Store) -> None:
    found: list[Click] = [WHOLE, *(a_click(n) for n in range(2, 700))]
    found += [a_click(n, kind=ClickClass.BOT_UA, slug="other") for n in range(700, 705)]

    assert 704 == clicks.keep(store, found)
    assert 0 == clicks.keep(store, found)
    assert 1 == clicks.keep(store, [*found, a_click(900)])
    assert {
        "spring": {ClickClass.HUMAN: 700},
        "other": {ClickClass.BOT_UA: 5},
    } == clicks.counts(store)
    assert {} == clicks.counts(store, since=DAY + timedelta(days=1))
    assert {} == clicks.counts(store, until=DAY - timedelta(days=1))


def test_orders_that_name_a_campaign_are_added_up_by_day(store: Store) -> None:
    late = NOW.replace(hour=23, minute=59)
    bought = [an_event(n, at=at) for n, at in ((1, NOW), (2, late), (3, late))]
    bought.append(an_event(4, at=late + timedelta(minutes=1)))
    take(store, *bought)
    take(store, an_event(1, Kind.REFUND, late, value="99.00"))
    ids = [
        one.id for one in join_marks.fresh(store, store.now() + timedelta(minutes=1))
    ]
    marks = [(id_, join_marks.CAMPAIGN, "c1") for id_ in ids[:2] + ids[3:4]]
    join_marks.keep_marks(
        store, [*marks, (ids[2], join_marks.CAMPAIGN, "c2")], ids[-1], NOW
    )
    told = {"mark": "c1", "currency": "EUR"}
    clicks.keep(store, [a_click(1), a_click(2, kind=ClickClass.HEAD, slug="other")])

    assert [Untied(on=DAY, n=2, value_minor=2935, **told)] == (
        untied(store, ["c1"], DAY, DAY)
    )
    assert [2, 1] == [one.n for one in untied(store, ["c1"], DAY, DAY + ONE)]
    assert [] == untied(store, ["c1"], DAY - ONE, DAY - ONE)
    assert {("spring", DAY)} == clicks.days(store, DAY - ONE, DAY)


def test_clicks_are_cleared_and_their_counts_stay(store: Store) -> None:
    clicks.keep(
        store, [a_click(n) for n in range(600)] + [a_click(601, kind=ClickClass.HEAD)]
    )

    assert 1 == clicks.forget(store, NOW, NOW + timedelta(hours=1))
    assert 600 == clicks.forget(store, NOW + timedelta(hours=1), NOW)
    assert 600 == clicks.counts(store)["spring"][ClickClass.HUMAN]
