import json
from datetime import UTC, datetime

import phonenumbers
import pytest

from forwarder.core.event import Notice, Unreadable
from forwarder.core.source import Options
from forwarder.destinations.pinterest import place
from forwarder.destinations.pinterest.contact import phone
from forwarder.samples import SIGNED_AT, TEST_SECRETS, cases, fresh, load, read_http
from forwarder.sources import SOURCES


def test_every_source_on_the_roll_has_samples_and_a_secret() -> None:
    assert set(SOURCES) == set(TEST_SECRETS)
    assert all(cases(source) for source in SOURCES)


def test_a_file_is_a_request_line_headers_a_blank_line_and_the_body() -> None:
    notice = read_http(
        b"POST /hooks/my-shop/the-secret HTTP/1.1\n"
        b"Content-Type: application/json\n"
        b"X-Topic:  a: b \n"
        b"\n"
        b'{"a":\n\n1}\n'
    )

    assert {"content-type": "application/json", "x-topic": "a: b"} == notice.headers
    assert b'{"a":\n\n1}' == notice.body
    assert "the-secret" == notice.path_secret


def test_windows_line_ends_part_headers_but_stay_in_the_body() -> None:
    notice = read_http(b"X-Topic: paid\r\n\r\n{\r\n}\r\n")

    assert {"x-topic": "paid"} == notice.headers
    assert b"{\r\n}" == notice.body


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"no headers", b"POST\n\nx", b"POST \n\n", b"\xff\n\n\xff"]
)
def test_no_bytes_raise(data: bytes) -> None:
    assert isinstance(read_http(data), Notice)


def test_an_address_without_a_secret_has_none() -> None:
    assert not read_http(b"POST /hooks/my-shop HTTP/1.1\n\n{}").path_secret


def test_the_order_and_its_refund_of_one_serial_belong_together() -> None:
    now = datetime(2027, 1, 5, tzinfo=UTC)
    secret = TEST_SECRETS["shopify"]
    paid, refund = (
        fresh("shopify", case, secret, now, 42)
        for case in ("orders-paid", "refunds-create")
    )

    assert b'"id": 5900000042' in paid.body
    assert b'"order_id": 5900000042' in refund.body


def test_loading_twice_gives_the_same_notice() -> None:
    assert load("kit", "legacy-purchase") is load("kit", "legacy-purchase")
    assert SIGNED_AT == load("kit", "legacy-purchase").received_at


@pytest.mark.parametrize("serial", [0, 7, 99_999, 100_000, 912_345, 1_234_567])
def test_a_fresh_sample_of_any_serial_is_valid_json(serial: int) -> None:
    now = datetime(2027, 1, 5, tzinfo=UTC)
    for source in SOURCES:
        for case in cases(source):
            kept = load(source, case).body
            body = fresh(source, case, TEST_SECRETS[source], now, serial).body
            if is_json(kept):
                assert is_json(body), (source, case)


def is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


NOW = datetime(2027, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("source", SOURCES)
def test_another_serial_has_another_telephone_number(source: str) -> None:
    for case in cases(source):
        one, other, again = (
            phones_of(source, fresh(source, case, TEST_SECRETS[source], NOW, serial))
            for serial in (100_017, 102_418, 100_017)
        )

        assert one == again
        assert not one & other, case
        assert len(one) == len(phones_of(source, load(source, case))), case


def test_every_number_is_a_possible_one_of_its_country() -> None:
    for source in SOURCES:
        for serial in range(100_000, 110_000, 998):
            for case in cases(source):
                notice = fresh(source, case, TEST_SECRETS[source], NOW, serial)
                for digits in phones_of(source, notice):
                    number = phonenumbers.parse(f"+{digits}")
                    assert phonenumbers.is_possible_number(number), (source, digits)


def test_who_buys_and_who_is_erased_have_one_number() -> None:
    secret = TEST_SECRETS["shopify"]
    told = [
        phones_of("shopify", fresh("shopify", case, secret, NOW, 107_003))
        for case in ("orders-paid", "customers-redact")
    ]

    assert [{"4930231257003"}] * 2 == told


def phones_of(source: str, notice: Notice) -> set[str]:
    """Return the numbers in it as they are hashed."""
    try:
        events = SOURCES[source].parse(notice, Options(shop="my-shop")).events
    except Unreadable:
        return set()
    found = {
        phone(number, place.country(country, None) if country else None)
        for event in events
        for number in event.person.phone
        for country in event.person.country or ("",)
    }
    assert all(isinstance(number, str) for number in found), (source, found)
    return {str(number) for number in found}
