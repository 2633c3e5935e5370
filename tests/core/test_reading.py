from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.core import bodies
from forwarder.core import reading as read
from forwarder.core.event import Notice, Unreadable

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"NaN",
        b'{"a": Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b'{"\\u0000": 1}',
        b'{"a": "\xff"}',
        b'"\x00"',
        '{"a": 1}'.encode("utf-16"),
        b"9" * 5000,
        b"1e99999999999999999999",
        nested(100_000),
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        nested(67),
    ],
    ids=lambda body: f"{body[:12]!r}-{len(body)}",
)
def test_what_no_careful_reader_takes_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        bodies.read_json(body)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b" \n", "is empty"),
        ('{"name": "Zoë"}'.encode("latin-1"), "not in UTF-8"),
        (b'{"id": 5, "name": "Ad', "is cut off"),
        (b'{"id": 5, "items": [1, ', "is cut off"),
        (b"id=5&name=Ada", "not JSON that we can read"),
    ],
)
def test_why_a_body_is_not_read_is_told(body: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why) as told:
        bodies.read_json(body)
    assert "Ad" not in str(told.value)


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")))
def test_no_bytes_raise_but_unreadable(body: bytes) -> None:
    for reader in (bodies.read_json, bodies.read_form):
        try:
            reader(body)
        except Unreadable:
            continue


def test_numbers_keep_every_digit_and_a_byte_order_mark_is_passed_over() -> None:
    body = b'\xef\xbb\xbf{"id": 12345678901234567890123, "x": 0.10}'
    data = read.record(bodies.read_json(body))

    assert "12345678901234567890123" == read.text(data["id"])
    assert "0.10" == str(data["x"])


def test_sixty_four_levels_are_read() -> None:
    assert isinstance(bodies.read_json(nested(64)), list)


def test_a_form_is_nested_by_its_brackets() -> None:
    body = b"type=subscribe&data[merges][ADDRESS][city]=Torino&data%5Bemail%5D=a%40b"

    assert {
        "type": "subscribe",
        "data": {"merges": {"ADDRESS": {"city": "Torino"}}, "email": "a@b"},
    } == bodies.read_form(body)


def test_the_first_of_equal_form_keys_wins() -> None:
    form = bodies.read_form(
        b"price=1&price=2&price[x]=3&a[b]=1&a=2&l[]=x&l[]=y&]=z&[=w"
    )

    assert "1" == form["price"]
    assert {"b": "1"} == form["a"]
    assert {"0": "x", "1": "y"} == form["l"]


@pytest.mark.parametrize(
    "body",
    [b"a=%ff", b"a=%00", b"\xff", b"a" + b"[x]" * 70 + b"=1", b"a=1&" * 3000],
    ids=lambda body: f"{body[:8]!r}-{len(body)}",
)
def test_a_hostile_form_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        bodies.read_form(body)


def test_a_path_breaks_off_at_none() -> None:
    data = {"a": [{"b": 1}]}

    assert 1 == read.at(data, "a", 0, "b")
    for path in (("x",), ("a", 5), ("a", "b"), ("a", 0, "b", "c"), ("a", -2)):
        assert read.at(data, *path) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" a ", "a"),
        ("", None),
        ("  ", None),
        (None, None),
        (True, None),
        (5, "5"),
        (Decimal("5.50"), "5.50"),
        (Decimal("1E+500"), None),
        ([], None),
        ({}, None),
        ("x" * 5000, None),
    ],
    ids=ascii,
)
def test_a_text_is_stripped_and_never_empty(
    value: object, expected: str | None
) -> None:
    assert expected == read.text(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2, 2),
        ("2", 2),
        (Decimal("2.0"), 2),
        (Decimal("2.5"), None),
        (None, None),
        ("two", None),
        (10**12, None),
    ],
    ids=repr,
)
def test_a_whole_number_has_no_fraction(value: object, expected: int | None) -> None:
    assert expected == read.whole(value)


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-01T12:00:00Z",
        "2026-11-01T12:00:00",
        "2026-11-01t12:00:00z",
        "2026-11-01 12:00:00",
        "2026-11-01T13:00:00+01:00",
        "2026-11-01T12:00+00:00",
        1793534400,
        "1793534400",
        1793534400000,
        Decimal("1793534400.0"),
    ],
    ids=repr,
)
def test_a_time_is_read_in_the_ways_platforms_write_it(value: object) -> None:
    assert NOON == read.moment(value)


@pytest.mark.parametrize(
    "value",
    [None, "", "soon", True, "0001-01-01T00:00:00+23:00", "9" * 15, "2026-13-01", []],
)
def test_what_is_no_time_is_none(value: object) -> None:
    assert read.moment(value) is None


def test_without_a_time_that_of_the_receipt_counts() -> None:
    notice = Notice(headers={}, body=b"", received_at=NOON)

    assert NOON == read.occurred(notice, None, "soon")
    with pytest.raises(Unreadable):
        read.occurred(Notice(headers={}, body=b""), None)


def test_a_delivery_key_is_a_hash_where_no_plain_id_is_given() -> None:
    assert "evt_1" == read.short_key(b"x", None, "", "evt_1")
    for odd in ("a b", "ü", "x" * 201, "a\nb"):
        assert read.short_key(b"x", odd).startswith("sha256:")


def test_a_topic_in_the_log_is_short_and_plain() -> None:
    assert "orders/paid" == read.topic_words("orders/paid")
    assert "(none)" == read.topic_words(None)
    assert "(unprintable)" == read.topic_words("kaya@example.com")
    assert 80 == len(read.topic_words("x" * 300))
