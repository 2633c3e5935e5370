"""The exam that every adapter takes with each of its samples."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings import PATH_SECRET_SOURCES
from forwarder.core.event import (
    LOCAL_KINDS,
    Forged,
    Notice,
    Stale,
    Unreadable,
)
from forwarder.core.signing import Scheme
from forwarder.core.source import Options
from forwarder.samples import SERIAL, SIGNED_AT, TEST_SECRETS, cases, fresh, load
from forwarder.sources import SOURCES, TOPIC_HEADERS
from tests.sources.golden import CASES, GENUINE, golden_path, written

OPTIONS = Options(shop="my-shop")
SCHEMES = {
    source: [v for v in vars(module).values() if isinstance(v, Scheme)]
    for source, module in SOURCES.items()
}
SIGNATURE_HEADERS = {
    source: tuple(scheme.header for scheme in schemes)
    for source, schemes in SCHEMES.items()
}
TIMED = [
    source
    for source, schemes in SCHEMES.items()
    if any(scheme.time_prefix or scheme.time_header for scheme in schemes)
]
# The topics that a shop may be subscribed to: each has a sample.
TOPICS: Mapping[str, set[str]] = {
    "shopify": {
        "orders/paid",
        "orders/create",
        "orders/cancelled",
        "orders/edited",
        "refunds/create",
        "customers/create",
        "customers_email_marketing_consent/update",
        "carts/create",
        "carts/update",
        "checkouts/create",
        "subscription_contracts/create",
        "customers/redact",
        "customers/data_request",
        "shop/redact",
        "app/uninstalled",
    },
    "woocommerce": {
        "order.created",
        "order.updated",
        "order.restored",
        "order.deleted",
        "customer.created",
        "customer.updated",
        "action.woocommerce_add_to_cart",
    },
}


def is_signed(notice: Notice, source: str) -> bool:
    return any(name in notice.headers for name in SIGNATURE_HEADERS[source])


SIGNED = [(s, c) for s, c in GENUINE if is_signed(load(s, c), s)]
ONE_SIGNED = sorted({source: (source, case) for source, case in SIGNED}.values())


def verify(source: str, notice: Notice, now: datetime = SIGNED_AT) -> None:
    SOURCES[source].verify(notice, TEST_SECRETS[source], now, OPTIONS)


def with_signature(source: str, notice: Notice, value: str) -> Notice:
    name = next(n for n in SIGNATURE_HEADERS[source] if n in notice.headers)
    return replace(notice, headers={**notice.headers, name: value})


@pytest.mark.parametrize(("source", "case"), GENUINE)
def test_a_sample_becomes_its_golden_event(
    source: str, case: str, request: pytest.FixtureRequest
) -> None:
    path = golden_path(source, case)
    if request.config.getoption("--write-golden"):
        path.write_text(written(source, case))

    assert path.read_text() == written(source, case)


@pytest.mark.parametrize(("source", "case"), GENUINE)
def test_a_sample_is_genuine(source: str, case: str) -> None:
    verify(source, load(source, case))


@pytest.mark.parametrize(
    ("source", "case"), [pair for pair in CASES if pair not in GENUINE]
)
def test_a_refused_sample_is_forged(source: str, case: str) -> None:
    with pytest.raises(Forged):
        verify(source, load(source, case))


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_has_a_genuine_sample(source: str) -> None:
    names = cases(source)

    assert any(not name.startswith("refused-") for name in names)


@pytest.mark.parametrize("source", TOPICS)
def test_every_topic_has_a_sample(source: str) -> None:
    header = TOPIC_HEADERS[source]
    found = {load(source, case).headers.get(header) for case in cases(source)}

    assert set() == TOPICS[source] - found


@pytest.mark.parametrize(("source", "case"), SIGNED)
def test_one_flipped_byte_is_forged(source: str, case: str) -> None:
    notice = load(source, case)
    flipped = bytearray(notice.body)
    flipped[len(flipped) // 2] ^= 1

    with pytest.raises(Forged):
        verify(source, replace(notice, body=bytes(flipped)))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "garbage",
        "t=1793534400",
        "v1=",
        "=",
        ",",
        "t=,v1=",
        "t=1793534400,t=1793534400,v1=00",
        "v1,",
        "v1",
        "t=soon,v1=00",
        "t=99999999999999999999,v1=00",
        "sígnature",
        "\ud800",
        "\x00",
        "x" * 10_240,
        "zz" * 32,
        "AAAA" * 10 + "A===",
        "v1,AAAA=A",
        "٣" * 64,
    ],
    ids=ascii,
)
@pytest.mark.parametrize(("source", "case"), ONE_SIGNED)
def test_a_malformed_signature_is_forged(source: str, case: str, value: str) -> None:
    with pytest.raises(Forged):
        verify(source, with_signature(source, load(source, case), value))


@pytest.mark.parametrize(("source", "case"), ONE_SIGNED)
def test_a_missing_signature_is_forged(source: str, case: str) -> None:
    notice = load(source, case)
    bare = {
        name: value
        for name, value in notice.headers.items()
        if name not in SIGNATURE_HEADERS[source]
    }

    with pytest.raises(Forged):
        verify(source, replace(notice, headers=bare))


@pytest.mark.parametrize(("source", "case"), ONE_SIGNED)
def test_a_joined_double_header_is_forged(source: str, case: str) -> None:
    notice = load(source, case)
    name = next(n for n in SIGNATURE_HEADERS[source] if n in notice.headers)
    twice = f"{notice.headers[name]},{notice.headers[name]}"

    with pytest.raises(Forged):
        verify(source, with_signature(source, notice, twice))


def another_secret(source: str) -> str:
    """One that nobody had before, in the form that the platform gives it."""
    if any(scheme.key == "hex" for scheme in SCHEMES[source]):
        return b"one that nobody had before".hex()
    return "whsec_" + base64.b64encode(b"one that nobody had before").decode()


@pytest.mark.parametrize(("source", "case"), GENUINE)
def test_what_a_source_signs_it_verifies(source: str, case: str) -> None:
    secret = another_secret(source)
    now = SIGNED_AT + timedelta(days=3)
    notice = SOURCES[source].sign(load(source, case), secret, now)

    SOURCES[source].verify(notice, secret, now, OPTIONS)


@pytest.mark.parametrize(("source", "case"), ONE_SIGNED)
def test_the_old_secret_is_forged_after_a_rotation(source: str, case: str) -> None:
    renewed = another_secret(source)
    notice = load(source, case)

    with pytest.raises(Forged):
        SOURCES[source].verify(notice, renewed, SIGNED_AT, OPTIONS)


@pytest.mark.parametrize("source", SOURCES)
def test_an_empty_secret_verifies_nothing(source: str) -> None:
    case = next(case for name, case in GENUINE if name == source and case != "ping")
    bare = replace(load(source, case), path_secret="")

    with pytest.raises(Forged):
        SOURCES[source].verify(bare, "", SIGNED_AT, OPTIONS)


@pytest.mark.parametrize("source", TIMED)
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_signed_time_is_stale_both_ways_beyond_the_tolerance(
    source: str, sign: int
) -> None:
    notice = load(*next(pair for pair in SIGNED if pair[0] == source))

    verify(source, notice, SIGNED_AT + sign * timedelta(seconds=300))
    with pytest.raises(Stale):
        verify(source, notice, SIGNED_AT + sign * timedelta(seconds=301))


@pytest.mark.parametrize("source", TIMED)
def test_a_forged_notice_is_never_told_to_be_stale(source: str) -> None:
    notice = load(*next(pair for pair in SIGNED if pair[0] == source))

    with pytest.raises(Forged):
        verify(source, replace(notice, body=b"{}"), SIGNED_AT + timedelta(days=1))


@pytest.mark.parametrize("source", ["kit", *sorted(PATH_SECRET_SOURCES)])
@pytest.mark.parametrize("given", ["", "wrong", "ünïcode", "\ud800"], ids=ascii)
def test_a_wrong_secret_in_the_address_is_forged(source: str, given: str) -> None:
    with pytest.raises(Forged):
        verify(source, Notice(headers={}, body=b"{}", path_secret=given))


@pytest.mark.parametrize(("source", "case"), CASES)
def test_a_delivery_key_is_short_plain_and_stable(source: str, case: str) -> None:
    notice = load(source, case)
    key = SOURCES[source].delivery_key(notice)

    assert SOURCES[source].delivery_key(notice) == key
    assert 1 <= len(key) <= 255
    assert key.isascii()
    assert "@" not in key


@pytest.mark.parametrize(("source", "case"), GENUINE)
def test_nothing_shows_a_person(source: str, case: str) -> None:
    notice = load(source, case)
    try:
        reading = SOURCES[source].parse(notice, OPTIONS)
    except Unreadable as unreadable:
        shown = str(unreadable)
    else:
        shown = repr((notice, [event.person for event in reading.events]))
        shown += "".join(event.event_id for event in reading.events)

    assert "@" not in shown
    assert "example.com" not in shown
    assert "Mozilla" not in shown


@pytest.mark.parametrize(("source", "case"), GENUINE)
def test_an_event_is_in_utc_and_what_stays_here_is_never_skipped(
    source: str, case: str
) -> None:
    try:
        events = SOURCES[source].parse(load(source, case), OPTIONS).events
    except Unreadable:
        events = ()

    assert all(event.occurred_at.utcoffset() == timedelta(0) for event in events)
    assert all(not event.skip for event in events if event.kind in LOCAL_KINDS)


@pytest.mark.parametrize(("source", "case"), GENUINE)
def test_a_fresh_sample_is_genuine_and_of_somebody_else(source: str, case: str) -> None:
    now = datetime(2027, 3, 9, 17, 30, 5, tzinfo=UTC)
    happened = now - timedelta(days=6)
    secret = TEST_SECRETS[source]
    notice = fresh(source, case, secret, now, 4711, happened)

    SOURCES[source].verify(notice, secret, now, OPTIONS)
    assert SERIAL.encode() not in notice.body
    assert b"2026-11-01" not in notice.body
    try:
        events = SOURCES[source].parse(notice, OPTIONS).events
    except Unreadable:
        events = ()
    originals = written(source, case)
    assert all(event.event_id not in originals for event in events)
    assert {event.occurred_at for event in events} <= {happened, now}


@pytest.mark.parametrize("source", SOURCES)
def test_fresh_samples_of_different_serials_are_different_deliveries(
    source: str,
) -> None:
    case = next(
        case
        for name, case in GENUINE
        if name == source and SERIAL.encode() in load(name, case).body
    )
    keys = {
        SOURCES[source].delivery_key(
            fresh(source, case, TEST_SECRETS[source], SIGNED_AT, serial)
        )
        for serial in (1, 2, 3_000_000_000)
    }

    assert len(keys) == 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, Notice]:
    """A sample with a few bytes replaced, cut out or put in."""
    source, case = draw(st.sampled_from(GENUINE))
    notice = load(source, case)
    body = bytearray(notice.body)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(body)))
        cut = draw(st.integers(0, 8))
        put = draw(st.sampled_from(_SPOILERS) | st.binary(max_size=4))
        body[at : at + cut] = put
    return source, replace(notice, body=bytes(body))


_SPOILERS = [
    b"null", b"[]", b"{}", b"NaN", b"1e999", b"-1", b"true", b'"\\ud800"', b'"\\u0000"',
    b"9" * 400, b"1e400000", b"[[[[", b'":"', b"\xff", b"\x00", b'{"a":1,"a":2}',
    b"&a[b][c]=1", b"%00", b"%ff",
]  # fmt: skip


@settings(max_examples=400)
@given(mutations())
def test_no_mutation_of_a_sample_raises_but_as_promised(
    spoilt: tuple[str, Notice],
) -> None:
    must_keep_the_promises(*spoilt)


@st.composite
def replaced_fields(draw: st.DrawFn) -> tuple[str, Notice]:
    """A sample in which one value somewhere is another JSON value."""
    readable = [
        (s, c) for s, c in GENUINE if load(s, c).body[:2] in (b"{\n", b"[\n", b'{"')
    ]
    source, case = draw(st.sampled_from(readable))
    notice = load(source, case)
    data = json.loads(notice.body)
    node, key = draw(st.sampled_from(list(_places(data))))
    node[key] = draw(JSON)
    return source, replace(notice, body=json.dumps(data).encode())


def _places(node: dict[str, Any] | list[Any]) -> Iterator[tuple[Any, Any]]:
    keys = node.keys() if isinstance(node, dict) else range(len(node))
    for key in keys:
        yield node, key
        if isinstance(node[key], dict | list):
            yield from _places(node[key])


@settings(max_examples=400)
@given(replaced_fields())
def test_no_other_value_in_a_sample_raises_but_as_promised(
    spoilt: tuple[str, Notice],
) -> None:
    must_keep_the_promises(*spoilt)


@given(st.sampled_from(sorted(SOURCES)), st.binary() | st.text().map(str.encode))
def test_no_bytes_raise_but_as_promised(source: str, body: bytes) -> None:
    must_keep_the_promises(source, Notice(headers={}, body=body))


@given(
    st.sampled_from(ONE_SIGNED),
    st.text() | st.binary().map(lambda raw: raw.decode("latin-1")),
)
def test_no_signature_header_raises_but_forged(
    pair: tuple[str, str], value: str
) -> None:
    with pytest.raises(Forged):
        verify(pair[0], with_signature(pair[0], load(*pair), value))


def must_keep_the_promises(source: str, notice: Notice) -> None:
    adapter = SOURCES[source]
    assert 1 <= len(adapter.delivery_key(notice)) <= 255
    try:
        reading = adapter.parse(notice, OPTIONS)
    except Unreadable:
        return
    assert bool(reading.events) is (reading.ignored is None)
    told = repr([_told(event) for event in reading.events])
    assert "\\x00" not in told
    told.encode()


def _told(event: object) -> object:
    """Everything in an event, masks off."""
    if hasattr(event, "__slots__"):
        return [_told(getattr(event, name)) for name in event.__slots__]
    return event
