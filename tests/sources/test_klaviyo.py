"""Traps of Klaviyo that its samples do not show."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from forwarder.core import signing
from forwarder.core.event import (
    Event,
    Forged,
    Kind,
    Notice,
    Reading,
    Stale,
    Unreadable,
)
from forwarder.core.source import Options
from forwarder.samples import SIGNED_AT, TEST_SECRETS, load
from forwarder.sources import klaviyo

PLAIN = Options(shop="s")
SECRET = TEST_SECRETS["klaviyo"]


def flow_of(options: Options = PLAIN, **changes: object) -> Reading:
    notice = load("klaviyo", "flow-signup")
    body = json.dumps(json.loads(notice.body) | changes).encode()
    return klaviyo.parse(replace(notice, body=body), options)


def batch_of(*rows: object) -> tuple[Event, ...]:
    notice = load("klaviyo", "batch")
    body = json.dumps({"data": rows, "meta": {}}).encode()
    return klaviyo.parse(replace(notice, body=body), PLAIN).events


def rows_of_the_sample() -> list[object]:
    found = json.loads(load("klaviyo", "batch").body)["data"]
    assert isinstance(found, list)
    return found


def with_header(notice: Notice, name: str, value: str) -> Notice:
    return replace(notice, headers={**notice.headers, name: value})


def test_the_body_comes_before_the_time_whatever_letters_it_has() -> None:
    body = '{"meta":{"klaviyo_webhook_id":"w"},"é":"日本"}'.encode()
    signed = klaviyo.sign(Notice(headers={}, body=body), SECRET, SIGNED_AT)

    klaviyo.verify(signed, SECRET, SIGNED_AT, PLAIN)
    assert "w" == signed.headers["klaviyo-webhook-id"]


@pytest.mark.parametrize("time", ["", "soon", "1793534400", "Sun, 99 Nov 2026"])
def test_a_time_that_is_no_http_date_is_forged(time: str) -> None:
    notice = with_header(load("klaviyo", "batch"), "klaviyo-timestamp", time)

    with pytest.raises(Forged):
        klaviyo.verify(notice, SECRET, SIGNED_AT, PLAIN)


def test_another_webhook_id_than_the_signed_one_is_forged() -> None:
    notice = with_header(load("klaviyo", "batch"), "klaviyo-webhook-id", "another")

    with pytest.raises(Forged):
        klaviyo.verify(notice, SECRET, SIGNED_AT, PLAIN)


@pytest.mark.parametrize("body", [b"", b"{no json", b"[]"])
def test_a_signed_body_that_cannot_be_read_is_not_refused(body: bytes) -> None:
    system = with_header(load("klaviyo", "batch"), "klaviyo-webhook-id", "w")
    signed = signing.sign(klaviyo.SCHEME, replace(system, body=body), SECRET, SIGNED_AT)

    klaviyo.verify(signed, SECRET, SIGNED_AT, PLAIN)
    with pytest.raises(Unreadable):
        klaviyo.parse(signed, PLAIN)


def test_a_batch_is_stale_after_the_tolerance() -> None:
    with pytest.raises(Stale):
        klaviyo.verify(
            load("klaviyo", "batch"), SECRET, SIGNED_AT + timedelta(minutes=6), PLAIN
        )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-webhook-token": ""},
        {"x-webhook-token": "klaviyo"},
        {"authorization": "Bearer "},
        {"authorization": f"Token {SECRET}"},
    ],
)
def test_a_flow_without_the_secret_in_its_header_is_forged(
    headers: dict[str, str],
) -> None:
    with pytest.raises(Forged):
        klaviyo.verify(
            replace(load("klaviyo", "flow-signup"), headers=headers),
            SECRET,
            SIGNED_AT,
            PLAIN,
        )


def test_the_secret_of_a_flow_is_not_stored() -> None:
    for case in ("flow-signup", "flow-lead-bearer"):
        assert SECRET not in repr(klaviyo.redacted(load("klaviyo", case)).headers)


def test_a_batch_that_repeats_events_gives_the_same_ids_again() -> None:
    rows = rows_of_the_sample()
    first, again = batch_of(*rows[:2]), batch_of(*rows[1:], *rows[:1])

    assert {event.event_id for event in first} == {event.event_id for event in again}


def test_mail_and_sms_of_one_profile_are_one_sign_up() -> None:
    row = json.dumps(rows_of_the_sample()[1])
    by_mail = json.loads(row.replace("_sms_", "_email_"))
    events = batch_of(json.loads(row), by_mail)

    assert 2 == len(events)
    assert 1 == len({event.event_id for event in events})


def test_a_signup_of_a_flow_counts_as_the_endpoint_says() -> None:
    options = replace(PLAIN, newsletter_kind=Kind.LEAD)
    (found,) = flow_of(options, properties={}).events

    assert "klaviyo:s:kfe-900100:lead" == found.event_id


@pytest.mark.parametrize("word", ["refund", "erase", "", None, 7, "{{ event.name }}"])
def test_a_flow_cannot_send_what_stays_here_or_is_unknown(word: object) -> None:
    assert () == flow_of(event=word).events


def test_a_person_without_any_id_is_known_by_a_hash_of_the_address() -> None:
    (found,) = flow_of(event_id="", external_id=None, properties={}).events

    assert "@" not in found.event_id
    assert found.event_id.startswith("klaviyo:s:")


def test_tags_in_properties_that_stayed_unfilled_are_left_out() -> None:
    (found,) = flow_of(properties={"epik": "{{ person|lookup:'epik' }}"}).events

    assert found.person.click_id is None
