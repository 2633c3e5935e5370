"""Traps of Paddle that its samples do not show."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from forwarder.core import signing
from forwarder.core.event import Event, Forged, Kind, Notice, Stale
from forwarder.core.source import Options
from forwarder.samples import SIGNED_AT, TEST_SECRETS, load
from forwarder.sources import paddle

PLAIN = Options(shop="s")
SECRET = TEST_SECRETS["paddle"]


def event_of(case: str, options: Options = PLAIN, **changes: object) -> Event:
    notice = load("paddle", case)
    data = json.loads(notice.body)
    data["data"].update(changes)
    body = json.dumps(data).encode()
    (found,) = paddle.parse(replace(notice, body=body), options).events
    return found


def signed(header: str) -> Notice:
    notice = load("paddle", "transaction-completed")
    right = notice.headers["paddle-signature"]
    time, _, signature = right.partition(";")
    value = header.format(time=time, right=signature)
    return replace(notice, headers={**notice.headers, "paddle-signature": value})


@pytest.mark.parametrize(
    "header",
    [
        "{time};h1=00;{right}",
        "{time};{right};h1=00",
        "{time};{right};h2=a=b",
        "{time}; {right}",
        "note=x;{time};{right}",
    ],
)
def test_one_right_signature_among_others_is_enough(header: str) -> None:
    paddle.verify(signed(header), SECRET, SIGNED_AT, PLAIN)


@pytest.mark.parametrize(
    "header", ["{right}", "{time}", "{time},{right}", "{time};{time};{right}", "h1=a=b"]
)
def test_a_header_without_one_time_and_a_signature_is_forged(header: str) -> None:
    with pytest.raises(Forged):
        paddle.verify(signed(header), SECRET, SIGNED_AT, PLAIN)


def test_the_published_example_verifies_within_our_tolerance() -> None:
    signature = "a300428748dce5c70e4da19bffd60769591ea969c99dea3105d0ec9612cf43f9"
    headers = {"paddle-signature": f"ts=1698796800;h1={signature}"}
    notice = Notice(headers=headers, body=b'{"data": ["1", "2"]}')
    late = datetime.fromtimestamp(1698796806, UTC)

    paddle.verify(notice, "VALID_SECRET", late, PLAIN)
    with pytest.raises(Stale):
        signing.verify(paddle.SCHEME, notice, "VALID_SECRET", late, 5)


def test_the_value_can_be_without_tax_or_of_the_goods_alone() -> None:
    amounts = [
        order.value.amount
        for basis in ("total", "subtotal", "net")
        if (order := event_of("transaction-completed", _based(basis)).order)
        and order.value
    ]

    assert [Decimal("89.25"), Decimal("75.00"), Decimal("75.00")] == amounts


def _based(basis: str) -> Options:
    return replace(PLAIN, value_basis=basis)  # type: ignore[arg-type]


def test_with_an_api_key_the_customer_is_looked_up() -> None:
    found = event_of("transaction-completed", replace(PLAIN, api_key="pdl_live_x"))

    assert "paddle_customer" == found.enrich
    assert "ctm_01hvexample900100 add_01hvexample900100" == found.enrich_ref
    assert () == found.warnings


@pytest.mark.parametrize(
    "case", ["transaction-completed-renewal", "adjustment-updated"]
)
def test_for_what_stays_here_nobody_is_looked_up(case: str) -> None:
    assert event_of(case, replace(PLAIN, api_key="pdl_live_x")).enrich is None


def test_a_sale_of_0_without_a_trial_is_a_sale() -> None:
    totals = {"total": "0", "subtotal": "4000", "discount": "4000"}
    found = event_of("transaction-completed", details={"totals": totals})

    assert Kind.CHECKOUT == found.kind


@pytest.mark.parametrize(
    ("origin", "kind"),
    [
        ("web", Kind.CHECKOUT),
        ("api", Kind.CHECKOUT),
        ("subscription_recurring", Kind.RENEWAL),
        ("subscription_charge", Kind.RENEWAL),
        ("subscription_update", Kind.RENEWAL),
    ],
)
def test_the_origin_tells_a_sale_from_a_renewal(origin: str, kind: Kind) -> None:
    assert kind == event_of("transaction-completed", origin=origin).kind


def test_a_sandbox_endpoint_takes_what_its_secret_signed() -> None:
    found = event_of("transaction-completed", replace(PLAIN, live=False))

    assert found.is_test
    assert found.skip is None


def test_a_refund_approved_at_once_and_told_again_is_one_event() -> None:
    ids = {
        event_of(case, action="refund", status="approved").event_id
        for case in ("adjustment-created-pending", "adjustment-updated")
    }

    assert {"paddle:s:adj_01hvexample900100:refund"} == ids
