"""Nothing that names a person or opens a door passes `scrub` and `clean`."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.core.event import Person, Secret
from forwarder.telemetry.redact import (
    MASK,
    WITHHELD,
    clean,
    fault_text,
    is_hidden,
    scrub,
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("from mia.muster@example.com today", "from [e-mail] today"),
        ("mia%40example.com", "[e-mail]"),
        ("MÍA+tag@exämple.org", "[e-mail]"),
        ("<mia@example.com>", "<[e-mail]>"),
        ("call +49 30 901820", "call [phone]"),
        ("call (030) 901820-11!", "call [phone]!"),
        ("phone=+15005550006", "phone=[phone]"),
        ("peer 203.0.113.9:443", "peer [ip]:443"),
        ("peer 2001:db8::7 gone", "peer [ip] gone"),
        ("peer [2001:db8:0:0:0:0:0:7]:443", "peer [[ip]]:443"),
        ("::ffff:203.0.113.9", "[ip]"),
        ("Authorization: Bearer abc.def-123", f"Authorization: Bearer {MASK}"),
        ("token pina_ABCDEFGHIJKLMNOP ends", f"token {MASK} ends"),
        ("token pincABCDEFGHIJKLMNOP ends", f"token {MASK} ends"),
        ("whsec_abcdefghijkl", MASK),
        ("sk_live_abcdefghijkl", MASK),
        (
            "POST /hooks/list/abcdefghijklmnopqrstuv HTTP",
            f"POST /hooks/list/{MASK} HTTP",
        ),
        ("POST /hooks/my-shop HTTP/1.1", "POST /hooks/my-shop HTTP/1.1"),
        ("redis://default:pw@cache.example/0", f"redis://{MASK}@cache.example/0"),
        ("GET /a?fn=Mia&b=2", f"GET /a?fn={MASK}&b={MASK}"),
    ],
)
def test_scrub_masks(written: str, expected: str) -> None:
    assert expected == scrub(written)


@pytest.mark.parametrize(
    "harmless",
    [
        "listening on 127.0.0.1:8000",
        "listening on [::1]:8000",
        "bound to 0.0.0.0",
        "month 2026-11-21",
        "at 12:34:56",
        "1000 events in 250 ms",
        "version 3.53.4",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "550e8400-e29b-41d4-a716-446655440000",
        "forwarder/store/outbox.py:120",
    ],
)
def test_scrub_leaves_what_names_nobody(harmless: str) -> None:
    assert harmless == scrub(harmless)


def test_a_line_break_cannot_forge_a_line() -> None:
    forged = clean({"event": "a\nb\u2028c\x9bd\ud800"})

    assert {"event": "a\nb\\u2028c\\u009bd\\ud800"} == forged  # JSON escapes the first


@pytest.mark.parametrize(
    "key",
    [
        "email", "E-Mail", "customer_email", "phones", "Authorization", "X-Api-Key",
        "client_ip", "user_agent", "first_name", "token", "database_url", "body",
        "Set-Cookie", "kwargs", "secrets",
    ],
)  # fmt: skip
def test_the_key_alone_hides_its_value(key: str) -> None:
    assert {key: MASK} == clean({key: "Mia"})


@pytest.mark.parametrize(
    "key", ["event", "source", "status", "reason", "n_events", "name", "state", "url"]
)
def test_plain_keys_stay_readable(key: str) -> None:
    assert not is_hidden(key)


def test_long_ids_are_no_phones_under_their_own_key() -> None:
    shown = clean({"order_id": "5123456789012", "event": "order 5123456789012"})

    assert {"order_id": "5123456789012", "event": "order [phone]"} == shown


def test_an_address_as_order_id_is_still_masked() -> None:
    assert {"order_id": "[e-mail]"} == clean({"order_id": "mia@example.com"})


def test_nested_values_are_cleaned_and_bounded() -> None:
    deep: object = "mia@example.com"
    for _ in range(20):
        deep = [deep]
    shown = clean({"a": {"b": [("mia@example.com", b"raw")]}, "c": deep})

    assert isinstance(shown, dict)
    assert {"b": [["[e-mail]", "[3 bytes]"]]} == shown["a"]
    assert "mia" not in str(shown)


def test_masked_values_stay_masked() -> None:
    shown = str(clean({"x": Person(email=("mia@example.com",)), "y": Secret("pw")}))

    assert "mia" not in shown
    assert "Person(email)" in shown


def test_a_quoting_exception_keeps_its_text_to_itself() -> None:
    assert f"ValueError: {WITHHELD}" == fault_text(ValueError("bad name Mia Muster"))


def test_a_system_fault_tells_its_text() -> None:
    assert "FileNotFoundError: [Errno 2] No such file" == fault_text(
        FileNotFoundError(2, "No such file")
    )


def test_absence_may_be_told() -> None:
    absent: Mapping[str, object] = {"token": None, "email": "", "body": False}

    assert absent == clean(absent)


@given(
    st.text(max_size=40),
    st.emails(domains=st.sampled_from(["example.com", "example.org"])),
    st.text(max_size=40),
)
def test_no_address_survives_in_any_surroundings(
    before: str, address: str, after: str
) -> None:
    local = address.partition("@")[0]
    shown = scrub(f"{before} {local}@example.com {after}")

    assert f"{local}@example.com" not in shown


@given(st.recursive(st.text() | st.integers() | st.binary(), st.lists, max_leaves=20))
def test_clean_never_raises(value: object) -> None:
    clean({"value": value})
