"""Pinterest may quote what we sent; the log may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.destinations.pinterest.scrub import MAX_MESSAGE_CHARS, scrub
from tests.destinations.pinterest.people import sha


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("'jane@shop.org' is not a hash", "'[e-mail]' is not a hash"),
        (f"{sha('jane')} is too short", "[hash] is too short"),
        (f"{sha('jane').upper()}?", "[hash]?"),
        ("from 203.0.113.9: no", "from [ip]: no"),
        ("from 2001:db8::1:2:3 no", "from [ip] no"),
        ("call +1 (415) 555-0132 now", "call [phone] now"),
        ("call (415) 555-0132 now", "call [phone] now"),
        ("call 415-555-0132 now", "call [phone] now"),
        ("token pina_ABCDEFGH12345 is bad", "token [token] is bad"),
        ("a\r\nb\x00c", "a b c"),
        (
            "{'client_user_agent': 'Mozilla/5.0 (X11)', 'click_id': 'dj0'} is bad",
            "{'client_user_agent': '***', 'click_id': '***'} is bad",
        ),
        (
            'data[0].client_ip_address: {"client_ip_address":"x"}',
            'data[0].client_ip_address: {"client_ip_address":"***"}',
        ),
    ],
)
def test_what_names_a_person_is_taken_out(said: str, kept: str) -> None:
    assert kept == scrub(said)


KEPT = (
    (
        "Invalid event_timestamp parameter. Given timestamp is in the past. Current "
        "timestamp: 1727469267, Given event_timestamp: 1678203524"
    ),
    "Invalid request: Additional properties are not allowed ('line_items' was wrong)",
    "external_id is missing. We highly recommend this. ; click_id is missing",
    "code 4197 at 10:00:00",
)


@pytest.mark.parametrize("said", KEPT)
def test_what_explains_a_refusal_stays(said: str) -> None:
    assert said == scrub(said)


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_ends_short_and_on_one_line(said: str) -> None:
    kept = scrub(said * 50)

    assert len(kept) <= MAX_MESSAGE_CHARS
    assert "\n" not in kept
    kept.encode()
