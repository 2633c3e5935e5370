"""By what people can be recognised, counted from what was sent, and the advice."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from forwarder.pipeline import quality
from forwarder.pipeline.quality import Advice, Match, matches
from forwarder.store.quality import Sent
from forwarder.web.quality_words import (
    MENDS,
    MISSING,
    NAMES,
    nothing_known,
    percent,
    sentence,
)
from forwarder.web.words import DROPPED, GONE

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def sent(
    *keys: str,
    dropped: tuple[tuple[str, str], ...] = (),
    way: timedelta = timedelta(minutes=2),
    told_after: timedelta = timedelta(0),
) -> Sent:
    """An event that was delivered, with these keys of Pinterest's in it."""
    shown = {"event_name": "checkout", "user_data": {key: ["0" * 64] for key in keys}}
    return Sent(
        endpoint="my-shop",
        source="shopify",
        kind="checkout",
        reason="",
        message="",
        received_at=NOW + told_after,
        told_after=told_after,
        way=way,
        shown=json.dumps(shown).encode(),
        dropped=dropped,
    )


def nobody(message: str) -> Sent:
    """An event that was refused since nothing in it tells who it was."""
    told = {name: getattr(sent(), name) for name in Sent.__slots__}
    changed = {"way": None, "reason": "no_identity", "shown": None}
    return Sent(**{**told, **changed, "message": message})


def judged(
    monkeypatch: pytest.MonkeyPatch, *rows: Sent, keyless: tuple[str, ...] = ()
) -> Match:
    monkeypatch.setattr(quality.quality, "sample", lambda *_: list(rows))
    (found,) = matches(None, NOW, None, keyless)  # type: ignore[arg-type]
    return found


def words(match: Match) -> list[tuple[str, str, str]]:
    return [(one.word, one.field, one.reason) for one in match.advice]


def test_shares_count_the_events_that_carried_an_identifier(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = judged(monkeypatch, sent("em", "click_id"), sent("em"), sent("ph", "fn"))
    shares = {one.name: one.n for one in found.shares}

    assert (2, 1, 1, 1, 0) == tuple(
        shares[name] for name in ("email", "click_id", "phone", "first_name", "ip")
    )
    assert 2 / 3 == found.shares[0].share
    assert [] == found.advice  # three are too few to say what is missing


def test_what_was_left_out_is_counted_once_an_event_and_told_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = ("phone", "phone_no_country")
    found = judged(monkeypatch, sent("em", dropped=(pair, pair)), sent("em"))

    assert [("phone", "phone_no_country", 1)] == [
        (one.field, one.reason, one.n) for one in found.left
    ]
    assert [("left_out", *pair)] == words(found)
    told = sentence(found.advice[0], found)
    assert told.startswith("Phone number: 50 % left out, a national number")
    assert "It belongs into `[endpoints.my-shop]`" in told


def test_events_that_named_nobody_are_told_with_what_was_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message = "needs an e-mail …; left out: email (not_an_email), ip (ip_not_public)"
    found = judged(monkeypatch, nobody(message), sent("em"))

    assert (2, 1, 1) == (found.n, found.n_written, found.n_nobody)
    assert ("nobody", "", "") == words(found)[0]
    assert {("email", "not_an_email"), ("ip", "ip_not_public")} == {
        (one.field, one.reason) for one in found.left
    }
    assert "50 % of the events named nobody" in sentence(found.advice[0], found)


def test_what_was_erased_dilutes_no_share_of_what_arrives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = {name: getattr(sent(), name) for name in Sent.__slots__}
    erased = Sent(**{**told, "shown": None})
    pair = ("phone", "phone_no_country")
    found = judged(monkeypatch, sent("em", dropped=(pair,)), *[erased] * 3)

    assert (4, 1, 3, 4) == (found.n, found.n_written, found.n_gone, found.n_delivered)
    assert 1.0 == found.shares[0].share
    assert "Phone number: 100 % left out" in sentence(found.advice[0], found)
    alone = judged(monkeypatch, erased)
    assert f"What was sent is {GONE}" == nothing_known(alone)


def test_what_never_arrives_is_told_where_there_are_enough_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [sent("em", "client_ip_address", "client_user_agent")] * quality.FEW
    found = judged(monkeypatch, *rows)

    missing = [("missing", name, "") for name in ("click_id", "phone", "external_id")]
    assert missing == words(found)
    told = sentence(found.advice[0], found)
    assert "forwarder snippet ids --endpoint my-shop" in told
    assert "missing in 100 %" in told


def test_late_events_are_told_with_where_the_time_went(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told_late = [sent("em", way=3 * HOUR, told_after=2 * HOUR), sent("em")]
    sent_late = [sent("em", way=3 * HOUR), sent("em")]
    late = judged(monkeypatch, *told_late)

    assert (0.5, ["told_late"]) == (late.fresh_share, [one.word for one in late.advice])
    assert "webhook came late" in sentence(late.advice[0], late)
    slow = judged(monkeypatch, *sent_late)
    assert ["sent_late"] == [one.word for one in slow.advice]
    assert "`forwarder doctor`" in sentence(slow.advice[0], slow)


def test_a_source_without_its_key_is_told_to_get_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = judged(monkeypatch, sent("em"), keyless=("my-shop",))

    assert "api_key" == found.advice[0].word
    assert "docs/sources/shopify.md" in sentence(found.advice[0], found)


def test_every_identifier_and_every_missing_one_has_its_words() -> None:
    named = set(quality.IDENTIFIERS.values())

    assert named == set(NAMES)
    assert {*quality.RECOGNISING, *quality.DEVICE} - {"maid"} == set(MISSING)
    assert set(MENDS) <= set(DROPPED)


def test_advice_on_any_field_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    found = judged(monkeypatch, sent("em"))
    for reason in DROPPED:
        advice = Advice(word="left_out", n=1, field="page_url", reason=reason)
        text = sentence(advice, found)
        assert text.endswith(".")
        assert 0 == text.count("`") % 2
        assert "{" not in text


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0, "0 %"),
        (0.001, "under 1 %"),
        (0.5, "50 %"),
        (0.999, "over 99 %"),
        (1, "100 %"),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(share: float, told: str) -> None:
    assert told == percent(share)
