import json
from datetime import UTC, datetime

import pytest

from forwarder.core.event import Notice
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
