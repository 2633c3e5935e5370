"""ThriveCart's secret word, and amounts in currencies without decimals."""

import base64
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from forwarder.core.event import Forged, Notice
from forwarder.core.source import Options
from forwarder.pipeline.receive import Endpoint, receive
from forwarder.samples import SIGNED_AT, TEST_SECRETS, cases, fresh, load
from forwarder.sources import SOURCES, thrivecart
from forwarder.store import open_store
from forwarder.store.migrate import upgrade
from forwarder.store.quarantine import held_notices

WORD = TEST_SECRETS["thrivecart"]
OPTIONS = Options(shop="s")
DATA_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
GENUINE = [
    case
    for case in cases("thrivecart")
    if not case.startswith("refused-") and case != "ping"
]


@pytest.mark.parametrize("case", GENUINE)
def test_what_is_stored_holds_no_secret_word_and_reads_the_same(case: str) -> None:
    notice = load("thrivecart", case)
    stored = thrivecart.redacted(notice)

    assert WORD.encode() in notice.body
    assert WORD.encode() not in stored.body
    assert reading(notice) == reading(stored)
    assert thrivecart.delivery_key(notice) == thrivecart.delivery_key(stored)
    with pytest.raises(Forged):
        thrivecart.verify(stored, WORD, SIGNED_AT, OPTIONS)


def reading(notice: Notice) -> str:
    try:
        return repr(thrivecart.parse(notice, OPTIONS))
    except Exception as problem:  # noqa: BLE001  compared, not hidden
        return repr(problem)


def test_the_sealed_notice_holds_no_secret_word(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/forwarder.db", [DATA_KEY], "web")
    upgrade(store)
    notice = load("thrivecart", "unreadable-no-order")
    receipt = receive(an_endpoint(), notice, store, SIGNED_AT)
    (held,) = held_notices(store)
    store.close()

    assert 1 == receipt.quarantined
    assert held.notice is not None
    assert thrivecart.redacted(notice).body == held.notice.body
    assert WORD.encode() not in held.notice.body


def an_endpoint() -> Endpoint:
    return Endpoint(
        name="my-thrivecart",
        source_name="thrivecart",
        source=SOURCES["thrivecart"],
        secrets=("an older word", WORD),
        destination="main",
        options=OPTIONS,
    )


def test_a_repeat_after_the_word_was_changed_is_the_same_delivery() -> None:
    notice = load("thrivecart", "order-success")
    renewed = thrivecart.sign(notice, "another word & more", SIGNED_AT)

    thrivecart.verify(renewed, "another word & more", SIGNED_AT, OPTIONS)
    assert thrivecart.delivery_key(notice) == thrivecart.delivery_key(renewed)


def test_nothing_but_an_empty_body_passes_without_the_word() -> None:
    ping = Notice(headers={}, body=b"")
    thrivecart.verify(ping, WORD, SIGNED_AT, OPTIONS)

    assert "ping" == thrivecart.parse(ping, OPTIONS).ignored
    for body in (b" ", b"\n", b"&", b"event=order.success", b"{}"):
        with pytest.raises(Forged):
            thrivecart.verify(replace(ping, body=body), WORD, SIGNED_AT, OPTIONS)


def test_a_second_word_in_the_body_proves_nothing() -> None:
    notice = load("thrivecart", "refused-wrong-word")
    twice = replace(notice, body=notice.body + f"&thrivecart_secret={WORD}".encode())

    with pytest.raises(Forged):
        thrivecart.verify(twice, WORD, SIGNED_AT, OPTIONS)


@pytest.mark.parametrize(
    ("case", "amount", "currency"),
    [
        ("order-success", "59.00", "USD"),
        ("order-success-plain", "59.00", "USD"),
        ("order-success-yen", "5900", "JPY"),
    ],
)
def test_an_amount_in_full_wins_over_hundredths(
    case: str, amount: str, currency: str
) -> None:
    (found,) = thrivecart.parse(load("thrivecart", case), OPTIONS).events

    assert found.order is not None
    assert found.order.value is not None
    assert (Decimal(amount), currency) == (
        found.order.value.amount,
        found.order.value.currency,
    )


def test_the_tax_is_off_the_net_value() -> None:
    net = replace(OPTIONS, value_basis="net")
    (found,) = thrivecart.parse(load("thrivecart", "order-success"), net).events

    assert found.order is not None
    assert found.order.value is not None
    assert Decimal("55.00") == found.order.value.amount


def test_two_renewals_of_an_order_are_two_events() -> None:
    one, other = (
        thrivecart.parse(
            replace(notice, body=notice.body.replace(b"133", number)), OPTIONS
        ).events[0]
        for number in (b"133", b"135")
        for notice in (load("thrivecart", "order-subscription-payment"),)
    )

    assert one.event_id != other.event_id


def test_fresh_ones_carry_the_word_they_are_given() -> None:
    notice = fresh("thrivecart", "order-success", "its own", SIGNED_AT, 7)

    thrivecart.verify(notice, "its own", SIGNED_AT, OPTIONS)


def test_the_time_and_names_of_older_bodies_are_read_too() -> None:
    notice = load("thrivecart", "order-success")
    body = notice.body.replace(b"date_unix=1793534400", b"order_timestamp=1793530800")
    body = body.replace(b"firstname", b"first_name").replace(b"lastname", b"last_name")
    (found,) = thrivecart.parse(replace(notice, body=body), OPTIONS).events

    assert 1793530800 == found.occurred_at.timestamp()
    assert (("Noor",), ("Haddad",)) == (found.person.first_name, found.person.last_name)
