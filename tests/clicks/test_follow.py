"""What a request for a link is answered, and what is noted of it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from forwarder.clicks import auditing
from forwarder.clicks.token import digest
from forwarder.clicks.visitors import Asked, Visitors
from forwarder.core.links import Arm
from forwarder.store import links
from forwarder.store.writer import StoreDown
from tests.clicks.following import ADDRESS, NOW, PHONE, TO, Follower, a_link, a_store


@pytest.fixture
def follower(sqlite_url: str) -> Iterator[Follower]:
    opened = a_store(sqlite_url)
    made = Follower(opened)
    made.make(
        a_link(),
        a_link("paused", is_paused=True),
        a_link("over", expires_at=NOW, fallback="https://shop.example.com/"),
        a_link("ab", arms=(Arm(f"{TO}/a", 1), Arm(f"{TO}/b", 1))),
    )
    yield made
    opened.close()


def test_a_person_is_led_in_one_hop_with_a_token(follower: Follower) -> None:
    led = follower.ask(query="utm_source=pinterest&epik=dj0y-_~%3D")
    (click,) = follower.taken

    assert 302 == led.status
    assert f"{TO}?utm_source=pinterest&epik=dj0y-_~%3D&pcid={led.token}" == led.location
    assert follower.links.known("spring").ring.is_ours(led.token)
    assert ("human", digest(led.token)) == (click.kind.value, click.token_sha256)
    assert click.sealed is not None
    told = orjson.loads(follower.store.sealer.open(click.sealed, f"click:{click.id}"))
    assert "dj0y-_~=" == told["epik"]
    assert led.token not in str(told) + repr(click)


def test_who_did_not_click_gets_no_token(follower: Follower) -> None:
    for _ in range(3):
        assert follower.ask(is_head=True).location == TO
    ahead = follower.ask(ahead=("prefetch;prerender",))
    bot = follower.ask(user_agent="Pinterestbot/1.0")
    person = follower.ask()

    assert (503, "") == (ahead.status, ahead.location)
    assert ("", TO) == (bot.token, bot.location)
    assert person.token
    assert {"head": 3, "prefetch": 1, "bot_ua": 1, "human": 1} == Counter(
        follower.kinds
    )


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"user_agent": ""}, "empty_ua"),
        ({"user_agent": "WhatsApp/2.0"}, "preview"),
        ({"address": "203.0.113.9"}, "internal"),
        ({"has_gpc": True}, "human"),
        ({"has_dnt": True}, "human"),
    ],
)
def test_others_are_redirected_and_counted_without_a_token(
    follower: Follower, more: dict[str, object], kind: str
) -> None:
    led = follower.ask(**more)  # type: ignore[arg-type]
    (click,) = follower.taken

    assert (302, TO, "") == (led.status, led.location, led.token)
    assert (kind, None, None) == (click.kind.value, click.token_sha256, click.sealed)


@pytest.mark.parametrize(
    ("consent", "more", "has_token"),
    [
        ("all", {}, False),
        ("all", {"has_consent": True}, True),
        ("eu", {}, False),
        ("eu", {"country": "DE"}, False),
        ("eu", {"country": "US"}, True),
        ("eu", {"country": "DE", "has_consent": True}, True),
    ],
)
def test_a_cookie_waits_for_consent_where_it_is_required(
    follower: Follower, consent: str, more: dict[str, object], *, has_token: bool
) -> None:
    asked = Follower(follower.store, rules=replace(follower.rules, consent=consent))

    assert has_token == bool(asked.ask(**more).token)  # type: ignore[arg-type]


def test_only_our_own_audit_is_no_click(follower: Follower) -> None:
    mark = auditing.mark(follower.store.sealer, NOW)
    audit, forged = (follower.ask(query=f"pf_audit={one}") for one in (mark, "a1-b-c"))

    assert ("", TO) == (audit.token, audit.location)
    assert forged.token
    assert ["internal", "human"] == follower.kinds


def test_more_clicks_than_a_person_makes_are_a_machine(follower: Follower) -> None:
    kinds = Counter(follower.ask() and follower.kinds[-1] for _ in range(40))

    assert {"human": 30, "rate": 10} == kinds


def test_the_same_visitor_keeps_the_token_until_the_click_id_changes(
    follower: Follower,
) -> None:
    first = follower.ask(query="epik=a")
    follower.now += timedelta(minutes=29)
    again = follower.ask(query="epik=a", token=first.token, address="198.51.100.8")
    other = follower.ask(query="epik=b", token=first.token)
    follower.now += timedelta(minutes=31)
    later = follower.ask(query="epik=a", token=first.token)

    assert first.token == again.token
    assert 3 == len({first.token, other.token, later.token})
    assert [False, True, False, False] == [one.is_repeat for one in follower.taken]


def test_a_forged_cookie_is_no_token(follower: Follower) -> None:
    forged = "pc1AAECAwQFBgcICQoLDA0OD76fw-c"

    assert forged != follower.ask(token=forged).token


def test_links_that_are_over_lead_to_their_fallback(follower: Follower) -> None:
    over, paused = follower.ask("over"), follower.ask("paused")

    assert (302, "https://shop.example.com/") == (over.status, over.location)
    assert 404 == paused.status
    assert 404 == follower.ask("nobody-knows").status
    assert [] == follower.taken


def test_arms_share_visitors_evenly_and_keep_them(follower: Follower) -> None:
    seeds = Counter[str]()
    for number in range(10_000):
        led = follower.ask("ab", "utm_source=p%20q", address=f"2001:db8::{number:x}")
        path, _, query = led.location.partition("?")
        seeds[path] += 1

        assert f"utm_source=p%20q&pcid={led.token}" == query
    led = [follower.ask("ab", address=f"192.0.2.{n}") for n in range(20)]
    follower.now += timedelta(days=3)
    again = [
        follower.ask("ab", address=f"198.18.0.{n}", token=one.token, seed=one.seed)
        for n, one in enumerate(led)
    ]

    assert 5_000 == pytest.approx(seeds[f"{TO}/a"], abs=150)
    assert seeds[f"{TO}/b"] == sum(click.arm for click in follower.taken[:10_000])
    first, second = (
        [a.location.partition("?")[0] for a in all_] for all_ in (led, again)
    )
    assert first == second
    assert 2 == len(set(first))


def test_a_new_link_is_found_at_once_and_a_change_soon(follower: Follower) -> None:
    follower.ask()
    follower.links._looked_at_s -= 1  # noqa: SLF001  half a second has passed
    follower.make(a_link("new"))

    assert 302 == follower.ask("new").status
    links.change(follower.store, a_link(to=f"{TO}/2"), NOW + timedelta(hours=1))
    follower.links._look()  # noqa: SLF001  as its thread does
    assert f"{TO}/2?" == follower.ask().location[: len(TO) + 3]


def test_links_lead_on_while_the_database_is_down(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower.ask()

    def down(_: object) -> None:
        raise StoreDown("gone")

    monkeypatch.setattr(links, "stamp", down)
    follower.links._look()  # noqa: SLF001  as its thread does
    there = replace(follower.rules, fallback_url="https://shop.example.com/")
    elsewhere = Follower(follower.store, rules=there)

    assert 302 == follower.ask().status
    assert "https://shop.example.com/" == elsewhere.ask("unknown").location


def test_a_full_spool_still_redirects(follower: Follower) -> None:
    follower.has_room = False

    assert 302 == follower.ask().status


def test_nobody_can_be_traced_back_after_a_day() -> None:
    salts = iter([b"a" * 32, b"b" * 32, b"c" * 32])
    visitors = Visitors(lambda _: next(salts))
    one = Asked(slug="s", address=ADDRESS, user_agent=PHONE)
    names = {visitors.name_of(one, NOW), visitors.name_of(one, NOW + timedelta(days=1))}

    assert 2 == len(names)
    assert ADDRESS not in "".join(names)
