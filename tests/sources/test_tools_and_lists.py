"""ActiveCampaign, Brevo, Zapier, Beehiiv, Flodesk, Teachable: their own traps."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from forwarder.core.event import Event, Forged, Kind, Notice, Unreadable
from forwarder.core.source import Options, storable
from forwarder.samples import SIGNED_AT, TEST_SECRETS, cases, load
from forwarder.sources import SOURCES, beehiiv, zapier
from forwarder.sources.own_event import Invalid

PLAIN = Options(shop="s")
SHOWN = [
    (source, case)
    for source in ("brevo", "zapier")
    for case in cases(source)
    if not case.startswith("refused-")
]


def read(source: str, notice: Notice, options: Options = PLAIN) -> tuple[Event, ...]:
    return SOURCES[source].parse(notice, options).events


def body(source: str, data: object) -> tuple[Event, ...]:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return read(source, Notice(headers={}, body=raw, received_at=SIGNED_AT))


@pytest.mark.parametrize(("source", "case"), SHOWN)
def test_a_token_in_a_header_is_never_stored(source: str, case: str) -> None:
    notice = load(source, case)
    stored = storable(SOURCES[source], notice)

    assert notice.body == stored.body
    assert {"authorization", "x-webhook-token"}.isdisjoint(stored.headers)
    assert TEST_SECRETS[source] not in repr(dict(stored.headers))


@pytest.mark.parametrize("source", ["shopify", "mailchimp"])
def test_a_source_that_shows_no_secret_is_stored_as_it_came(source: str) -> None:
    notice = Notice(headers={"x": "y"}, body=b"1")

    assert notice is storable(SOURCES[source], notice)


@pytest.mark.parametrize(
    ("source", "case"),
    [
        ("activecampaign", "subscribe"),
        ("brevo", "list-addition"),
        ("beehiiv", "subscription-confirmed"),
        ("flodesk", "subscriber-created"),
        ("teachable", "email-lead-created"),
    ],
)
def test_a_list_sign_up_is_what_the_endpoint_says(source: str, case: str) -> None:
    (found,) = read(source, load(source, case))
    lead = replace(PLAIN, newsletter_kind=Kind.LEAD)
    (wished,) = read(source, load(source, case), lead)

    assert (Kind.SIGNUP, Kind.LEAD) == (found.kind, wished.kind)


@pytest.mark.parametrize("by", ["admin", "api", "system"])
@pytest.mark.parametrize("field", [b"initiated_by", b"initiated_from"])
def test_activecampaign_takes_nobody_whom_others_added(field: bytes, by: str) -> None:
    notice = load("activecampaign", "subscribe")
    other = notice.body.replace(field + b"=public", field + b"=" + by.encode())

    assert notice.body != other
    assert () == body("activecampaign", other)


def test_brevo_takes_the_moment_before_the_date_without_a_zone() -> None:
    row = {"event": "list_addition", "email": "a@b.example", "ts": 1604937337}
    (found,) = body("brevo", {**row, "date": "2020-10-09 00:00:00"})

    assert datetime(2020, 11, 9, 15, 55, 37, tzinfo=UTC) == found.occurred_at


@pytest.mark.parametrize("data", [[], "x", 5, [1]])
def test_a_brevo_body_without_a_notice_is_held(data: object) -> None:
    with pytest.raises(Unreadable):
        body("brevo", data)


@pytest.mark.parametrize(
    "form",
    [
        b"person[email]=a@b.example",
        b"person.email=a@b.example",
        b"person__email=a@b.example",
        b"person__email=a@b.example&person=x",
        b"person[email][0]=a@b.example&person[phone]=",
    ],
)
def test_zapier_forms_may_write_parts_in_three_ways(form: bytes) -> None:
    head = b"event_id=1&kind=signup&occurred_at=1793534400&"
    (found,) = body("zapier", head + form)

    assert ("a@b.example",) == found.person.email


def test_zapier_form_and_json_are_one_event() -> None:
    assert read("zapier", load("zapier", "checkout")) == read(
        "zapier", load("zapier", "checkout-form")
    )


def test_zapier_rows_of_a_form_are_lists() -> None:
    (found,) = read("zapier", load("zapier", "checkout-form-underscores"))

    assert found.order is not None
    assert [("cup-1", 2)] == [(one.id, one.quantity) for one in found.order.items]


def test_zapier_names_every_wrong_field() -> None:
    with pytest.raises(Invalid) as caught:
        read("zapier", load("zapier", "unreadable-errors"))

    assert {"event_id", "kind", "occurred_at", "order.value"} == set(
        caught.value.errors
    )


def test_a_zapier_event_that_was_mended_is_no_repeat() -> None:
    wrong, mended = load("zapier", "unreadable-no-identity"), load("zapier", "checkout")

    assert b'"shop-900100"' in wrong.body
    assert zapier.delivery_key(wrong) != zapier.delivery_key(mended)


@pytest.mark.parametrize("step", ["a.", "a__", "a[b]"])
def test_a_zapier_form_nested_too_deep_is_held(step: str) -> None:
    with pytest.raises(Unreadable):
        body("zapier", (step * 200 + "=1").encode())


def test_either_secret_proves_a_beehiiv_notice() -> None:
    signed = load("beehiiv", "subscription-confirmed-svix")
    in_address = replace(signed, path_secret=TEST_SECRETS["beehiiv"])
    spoilt = replace(in_address, body=signed.body + b" ")
    now = SIGNED_AT

    for notice in (signed, in_address, spoilt):
        beehiiv.verify(notice, TEST_SECRETS["beehiiv"], now, PLAIN)
    with pytest.raises(Forged):
        beehiiv.verify(
            replace(signed, path_secret="wrong"), TEST_SECRETS["beehiiv"], now, PLAIN
        )


def test_a_confirmed_subscriber_counts_while_beehiiv_tests_the_address() -> None:
    notice = load("beehiiv", "subscription-confirmed-pending")
    body = notice.body.replace(b'"pending"', b'"validating"')

    assert () == beehiiv.parse(notice, PLAIN).events
    assert 1 == len(beehiiv.parse(replace(notice, body=body), PLAIN).events)


def test_a_signed_beehiiv_retry_is_told_by_its_id() -> None:
    signed = load("beehiiv", "subscription-confirmed-svix")

    assert "msg_900100" == beehiiv.delivery_key(signed)


def test_one_flodesk_subscriber_is_one_sign_up() -> None:
    ids = {
        read("flodesk", load("flodesk", case))[0].event_id
        for case in ("subscriber-created", "subscriber-added-to-segment")
    }

    assert 1 == len(ids)


def transaction(**fields: object) -> dict[str, object]:
    known = {"id": 1, "sale_id": 9, "final_price": 4900, "currency": "EUR"}
    return {"type": "Transaction.created", "object": {**known, **fields}}


def test_later_payments_of_a_teachable_sale_repeat_its_event_id() -> None:
    first, later = body("teachable", [transaction(), transaction(id=2)])

    assert first.event_id == later.event_id


@pytest.mark.parametrize(
    "place",
    [
        {"user": {"email": "a@b.example"}},
        {"sale": {"user": {"email": "a@b.example"}}},
        {"email": "a@b.example"},
        {"user": None, "email": "a@b.example"},
    ],
)
def test_teachable_users_are_looked_for_in_three_places(
    place: dict[str, object],
) -> None:
    (found,) = body("teachable", [transaction(**place)])

    assert ("a@b.example",) == found.person.email
    assert found.order is not None
    assert found.order.value is not None
    assert Decimal("49.00") == found.order.value.amount


def test_a_teachable_lead_and_user_of_one_number_are_two_events() -> None:
    person = {"id": 5, "email": "a@b.example"}
    lead, user = body(
        "teachable",
        [
            {"type": "EmailLead.created", "object": person},
            {"type": "User.created", "object": person},
        ],
    )

    assert lead.event_id != user.event_id
