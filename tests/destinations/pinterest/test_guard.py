"""The last look: whatever made a payload, no person leaves in clear."""

import dataclasses
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.destinations.pinterest.guard import is_safe
from forwarder.destinations.pinterest.payload import Encoder
from tests.destinations.pinterest.people import CHECKOUT, JANE, SIGNUP, settings, sha

GOOD = sha("jane@shop.org")
HASHED_KEYS = (
    *("em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country", "external_id"),
    "hashed_maids",
)


def body(user_data: object) -> bytes:
    return orjson.dumps({"event_name": "lead", "user_data": user_data})


@pytest.mark.parametrize(
    "user_data",
    [
        {"em": [GOOD]},
        {"em": [GOOD, GOOD], "ph": [GOOD]},
        {key: [GOOD] for key in HASHED_KEYS},
        {"client_ip_address": "8.8.8.8", "client_user_agent": "x"},
        {"em": [GOOD], "click_id": "a", "client_user_agent": 'a "b" \\ c'},
        {"client_ip_address": "8.8.8.8", "em": [GOOD]},
        {"hashed_maids": [GOOD], "em": [GOOD]},
        {},
    ],
)
def test_hashes_and_what_may_be_clear_pass(user_data: object) -> None:
    assert is_safe(body(user_data))


@pytest.mark.parametrize(
    "user_data",
    [
        {"em": ["jane@shop.org"]},
        {"em": [GOOD.upper()]},
        {"em": [GOOD[:-1]]},
        {"em": [GOOD + "0"]},
        {"em": [GOOD + GOOD]},
        {"em": [GOOD, "jane@shop.org"]},
        {"em": GOOD},
        {"em": [None]},
        {"em": [GOOD[:-1] + "g"]},
        {"em": ["\x01" * 64]},
        {"ph": [14155550132]},
        {"email": "jane@shop.org"},
        {"email": ["jane@shop.org"]},
        {"em": [GOOD], "name": "Jane"},
        {"click_id": None},
        {"client_ip_address": ["8.8.8.8"]},
        {"click_id": "x", "em": ["jane@shop.org"]},
        ["jane@shop.org"],
        None,
    ],
)
def test_anything_else_is_stopped(user_data: object) -> None:
    assert not is_safe(body(user_data))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"user_data":',
        b'{"user_data":{"em":["' + b"\x01" * 64 + b'"]}}',
        b'{"user_data":{"em":["' + GOOD.encode() + b'"]},"x":{"em":["a@b.org"]}}}',
        b'{"user_data":{}},"user_data":{"em":["a@b.org"]}}',
    ],
)
def test_what_is_no_event_is_stopped(raw: bytes) -> None:
    assert not is_safe(raw)


def test_two_accounts_of_one_person_are_read_by_the_last() -> None:
    raw = b'{"user_data":{"em":["%s"]},"user_data":{"em":["a@b.org"]}}' % GOOD.encode()

    assert not is_safe(raw)


@pytest.mark.parametrize("one", [CHECKOUT, SIGNUP])
def test_what_the_encoder_writes_passes(one: object) -> None:
    encoded = Encoder(settings()).encode(one)  # type: ignore[arg-type]

    assert is_safe(encoded.body)  # type: ignore[union-attr]


def test_a_backslash_in_a_browser_is_read_the_long_way() -> None:
    person = dataclasses.replace(JANE, user_agent=r"Mozilla/5.0 (Win\10)")
    encoded = Encoder(settings()).encode(dataclasses.replace(CHECKOUT, person=person))

    assert is_safe(encoded.body)  # type: ignore[union-attr]


@given(
    st.dictionaries(
        st.sampled_from([*HASHED_KEYS, "click_id", "client_user_agent", "fm", "x"]),
        st.lists(st.sampled_from([GOOD, "0" * 64, "a@b.org", "A" * 64])) | st.text(),
    )
)
def test_the_short_way_never_passes_what_the_long_one_stops(
    user_data: dict[str, object],
) -> None:
    compact = orjson.dumps({"user_data": user_data})
    spaced = json.dumps({"user_data": user_data}, indent=1).encode()  # long way only

    assert is_safe(spaced) or not is_safe(compact)
