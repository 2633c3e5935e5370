"""A platform that a file describes is read like one that a module describes."""

import json
import re
import tomllib
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.core.event import (
    Event,
    Forged,
    Item,
    Kind,
    Money,
    Notice,
    Order,
    Stale,
    Unreadable,
)
from forwarder.core.source import Options, storable
from forwarder.sources.declared import Declared, Incomplete, declared

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PAGE = Path(__file__).parents[2] / "docs" / "sources" / "declared.md"
EXAMPLE = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
OPTIONS = Options(shop="corner")
SECRET = "a secret of the corner shop"
PAID: dict[str, Any] = {
    "event": "order.paid",
    "sent_at": 1793534400,
    "buyer": {
        "email": "ilse@readers.example.com",
        "name": {"first": "Ilse", "last": "Brandt"},
        "country": "DE",
    },
    "order": {
        "number": "C-900100",
        "status": "paid",
        "paid_at": "2026-11-01T11:59:00Z",
        "total": "18.40",
        "tax": 2.94,
        "shipping": "4.90",
        "currency": "eur",
        "is_test": False,
        "landing_page": "https://corner.example/p?epik=dj0yJnU9page",
        "custom_fields": [{"name": "Pin-IP", "value": "192.0.2.7"}],
        "lines": [{"sku": "P-1", "title": "Print", "pieces": 2, "unit_price": "6.75"}],
    },
}


def source(**changes: Any) -> Declared:  # noqa: ANN401
    return declared({**tomllib.loads(EXAMPLE), **changes})


def notice(body: object, **headers: str) -> Notice:
    return Notice(headers=headers, body=json.dumps(body).encode(), received_at=NOW)


def only(body: object, adapter: Declared | None = None, **options: Any) -> Event:  # noqa: ANN401
    chosen = replace(OPTIONS, **options)
    (event,) = (adapter or source()).parse(notice(body), chosen).events
    return event


def paid(**changes: object) -> dict[str, Any]:
    return {**PAID, "order": {**PAID["order"], **changes}}


def test_the_documented_example_reads_an_order() -> None:
    event = only(PAID)

    assert "cornershop:corner:C-900100:checkout" == event.event_id
    assert datetime(2026, 11, 1, 11, 59, tzinfo=UTC) == event.occurred_at
    assert (("ilse@readers.example.com",), ("Ilse",), ("DE",)) == (
        event.person.email,
        event.person.first_name,
        event.person.country,
    )
    assert ("192.0.2.7", "dj0yJnU9page") == (event.person.ip, event.person.click_id)
    assert (
        Order(
            id="C-900100",
            value=Money(amount=Decimal("18.40"), currency="EUR"),
            items=(Item(id="P-1", name="Print", quantity=2, price=Decimal("6.75")),),
        )
        == event.order
    )


def test_the_value_is_on_the_basis_of_the_endpoint() -> None:
    order = only(PAID, value_basis="net").order

    assert order is not None
    assert order.value is not None
    assert Decimal("10.56") == order.value.amount


def test_a_refund_stays_here_and_names_its_order() -> None:
    body = {**PAID, "event": "order.refunded", "refund": {"number": 3, "total": 5}}
    event = only(body)

    assert (Kind.REFUND, None) == (event.kind, event.skip)
    assert event.order is not None
    assert ("C-900100", Decimal(5)) == (event.order.id, event.order.value.amount)  # type: ignore[union-attr]


def test_a_refund_needs_nobody_in_it() -> None:
    adapter = source(events=[{"kind": "refund", "id": "number"}])
    event = only({"number": "R-1", "sent_at": "2026-11-01T12:00:00Z"}, adapter)

    assert (Kind.REFUND, "cornershop:corner:R-1:refund") == (event.kind, event.event_id)


def test_a_subscriber_counts_as_the_endpoint_says() -> None:
    person = {"id": 7, "email": "ada@readers.example.com"}
    body = {
        "event": "subscriber.confirmed",
        "sent_at": 1793534400,
        "subscriber": person,
    }

    assert Kind.SIGNUP == only(body).kind
    assert Kind.LEAD == only(body, newsletter_kind=Kind.LEAD).kind


def test_a_test_order_is_skipped_and_a_free_one_as_the_endpoint_says() -> None:
    assert "test_order" == only(paid(is_test=True)).skip
    assert "zero_value" == only(paid(total=0), zero_value="skip").skip


def test_what_does_not_fit_is_ignored_with_a_reason() -> None:
    reasons = [
        source().parse(notice(body), OPTIONS).ignored
        for body in (paid(status="open"), {**PAID, "event": "order.packed"}, {})
    ]

    assert [
        "its `when` does not hold",
        "topic not mapped: order.packed",
        "topic not mapped: (none)",
    ] == reasons


def test_an_order_without_its_id_is_kept_unread() -> None:
    with pytest.raises(Unreadable, match="id where the mapping says"):
        source().parse(notice(paid(number=None)), OPTIONS)


def signed(body: object = PAID, now: datetime = NOW) -> Notice:
    return source().sign(notice(body), SECRET, now)


def test_a_genuine_webhook_is_taken_near_its_time_only() -> None:
    adapter = source()

    adapter.verify(signed(), SECRET, NOW + timedelta(seconds=300), OPTIONS)
    for seconds in (-301, 301):
        with pytest.raises(Stale):
            adapter.verify(signed(), SECRET, NOW + timedelta(seconds=seconds), OPTIONS)


def test_a_flipped_bit_of_body_or_header_is_forged() -> None:
    adapter, genuine = source(), signed()
    for at in range(len(genuine.body)):
        flipped = bytearray(genuine.body)
        flipped[at] ^= 1
        with pytest.raises(Forged):
            adapter.verify(replace(genuine, body=bytes(flipped)), SECRET, NOW, OPTIONS)
    for name in ("x-corner-signature", "x-corner-time"):
        headers = {**genuine.headers, name: genuine.headers[name][:-1] + "f"}
        with pytest.raises(Forged):
            adapter.verify(replace(genuine, headers=headers), SECRET, NOW, OPTIONS)


def test_a_repeat_has_the_same_key() -> None:
    adapter, told = source(), {"x-corner-delivery": "d-1"}

    assert "d-1" == adapter.delivery_key(notice(PAID, **told))
    assert adapter.delivery_key(notice(PAID)) == adapter.delivery_key(notice(PAID))
    assert adapter.delivery_key(notice(PAID)).startswith("sha256:")


FORM = """
name = "formery"
body = "form"
[secret]
in = "field"
name = "token"
[[events]]
kind = "form"
id = "entry[id]"
person = { email = "entry.email" }
"""


def form(**changes: Any) -> Declared:  # noqa: ANN401
    table = tomllib.loads(FORM.replace("entry[id]", "entry.id"))
    return declared({**table, **changes})


def test_a_form_with_a_secret_in_a_field_is_taken_and_stored_without_it() -> None:
    adapter = form()
    body = b"entry[id]=7&entry[email]=ada%40readers.example.com&token=" + b"s" * 30
    came = Notice(headers={}, body=body, received_at=NOW)

    adapter.verify(came, "s" * 30, NOW, OPTIONS)
    with pytest.raises(Forged):
        adapter.verify(came, "t" * 30, NOW, OPTIONS)
    assert b"ssss" not in storable(adapter, came).body
    (event,) = adapter.parse(storable(adapter, came), OPTIONS).events
    assert ("formery:corner:7:lead", ("ada@readers.example.com",)) == (
        event.event_id,
        event.person.email,
    )


@pytest.mark.parametrize(
    ("secret", "given"),
    [
        ({"in": "path"}, Notice(headers={}, body=b"{}", path_secret="right")),
        (
            {"in": "header", "name": "X-Key"},
            Notice(headers={"x-key": "right"}, body=b"{}"),
        ),
        (
            {"in": "header", "name": "Authorization"},
            Notice(headers={"authorization": "Bearer right"}, body=b"{}"),
        ),
    ],
)
def test_an_unsigned_platform_shows_its_secret(
    secret: dict[str, str], given: Notice
) -> None:
    adapter = form(secret=secret)

    adapter.verify(given, "right", NOW, OPTIONS)
    for wrong in ("", "wrong"):
        with pytest.raises(Forged):
            adapter.verify(given, wrong, NOW, OPTIONS)
    assert "right" not in storable(adapter, given).headers.values()


def test_minor_units_are_read_by_their_currency() -> None:
    (first, *others) = tomllib.loads(EXAMPLE)["events"]
    minor = {**first, "order": {**first["order"], "minor_units": True}}
    adapter = source(events=[minor, *others])
    values = [
        only(paid(total=total, currency=code), adapter).order.value.amount  # type: ignore[union-attr]
        for total, code in ((1840, "EUR"), ("500", "JPY"), (1250, "KWD"))
    ]

    assert [Decimal("18.40"), Decimal(500), Decimal("1.250")] == values


GAPS = [
    ({"signature": None}, "say how a webhook proves itself"),
    ({"secret": {"in": "path"}}, "by one of the two"),
    ({"events": None}, "no [[events]]"),
    ({"nmae": "x"}, "nmae is not known; did you mean name?"),
    ({"name": "two words"}, "name must be a short word"),
    ({"signature": {}}, "signature.header is missing"),
    (
        {"signature": {"header": "X", "digest": "md5"}},
        "signature.digest must be one of",
    ),
    ({"signature": {"header": "X", "signed": "{time}"}}, "must hold {body}"),
    (
        {"signature": {"header": "X", "time_header": "T"}},
        "a time that is not signed protects from no replay",
    ),
    (
        {"signature": {"header": "X", "signed": "{id}{body}"}},
        "id_header belong together",
    ),
    ({"events": [{"kind": "buy", "id": "a"}]}, "kind must be one of add_payment"),
    ({"events": [{"kind": "checkout"}]}, "events 1: id is missing"),
    (
        {"events": [{"kind": "checkout", "id": "a", "order": {"value": "b"}}]},
        "order.currency is missing",
    ),
    ({"events": [{"kind": "lead", "id": "a"}]}, "person needs email"),
    ({"events": [{"kind": "erase", "id": "a"}]}, "person needs email"),
    (
        {"events": [{"kind": "lead", "id": "a", "person": {"mail": "b"}}]},
        "person.mail is not known; did you mean email?",
    ),
    ({"events": [{"kind": "lead", "id": 7}]}, "events 1: id must be a text"),
    (
        {"events": [{"kind": "lead", "id": "a", "items": {"id": "b"}}]},
        "items.each is missing",
    ),
    ({"topic": None}, "topic is given, but not where a webhook tells its own"),
]


@pytest.mark.parametrize(("changes", "sentence"), GAPS)
def test_a_mapping_with_a_gap_is_refused_in_a_sentence(
    changes: dict[str, Any], sentence: str
) -> None:
    table = {**tomllib.loads(EXAMPLE), **changes}
    whole = {name: value for name, value in table.items() if value is not None}
    with pytest.raises(Incomplete) as incomplete:
        declared(whole)

    assert sentence in str(incomplete.value)


def test_every_gap_is_named_at_once() -> None:
    with pytest.raises(Incomplete) as incomplete:
        declared({"bdoy": "json", "events": [{}]})

    assert 5 <= len(incomplete.value.faults)


TABLE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
NAMES = st.sampled_from(["name", "body", "topic", "signature", "secret", "events"])


@given(st.dictionaries(NAMES, TABLE))
def test_no_table_raises_but_incomplete(table: dict[str, Any]) -> None:
    with suppress(Incomplete):
        assert declared(table).mapped.rules


@given(TABLE)
def test_no_body_raises_but_unreadable(body: object) -> None:
    with suppress(Unreadable):
        reading = source().parse(notice({**PAID, "order": body}), OPTIONS)
        assert bool(reading.events) is (reading.ignored is None)
