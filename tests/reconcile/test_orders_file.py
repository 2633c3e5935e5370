"""Order exports of shops, as they come: every fault told, nobody's name read."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from forwarder.core.event import Kind
from forwarder.core.ledger import OrderState
from forwarder.reconcile.orders_file import OrderPreview, read_orders
from forwarder.reconcile.orders_rows import OrderOptions
from forwarder.reconcile.tag_report import Faults

SHOPIFY = """Name,Email,Financial Status,Paid at,Currency,Subtotal,Total,Created at,\
Lineitem name,Billing Name,Billing Address1,Phone,Id,Source
#1001,ada@example.org,paid,2026-10-01 14:05:00 +0200,EUR,20.00,29.35,\
2026-10-01 14:04:00 +0200,Mug,Ada Example,"1, Example Lane
Back house",+491511234567,5001,web
#1001,ada@example.org,,,,,,2026-10-01 14:04:00 +0200,Saucer,,,,5001,
#1002,bob@example.org,refunded,2026-10-02 09:00:00 +0200,EUR,10.00,10.00,\
2026-10-02 09:00:00 +0200,Mug,Bob Example,,,5002,web
#1003,,paid,2026-10-03 10:00:00 +0200,EUR,5.00,5.00,2026-10-03 10:00:00 +0200,Mug,,,,\
5003,pos
"""
WOO = """Bestellnummer;Order Date;Order Status;Order Total Amount;Currency;Nachname
77;13/10/2026 23:30;wc-processing;1.234,50;EUR;Example
78;02/11/2026 08:00;wc-on-hold;12,00;EUR;Example
"""


def options(**changes: object) -> OrderOptions:
    return OrderOptions(endpoint="my-shop", **changes)  # type: ignore[arg-type]


def read(text: str, **changes: object) -> OrderPreview:
    found = read_orders(text.encode(), options(**changes))
    assert isinstance(found, OrderPreview), found
    return found


def faults(text: str | bytes, **changes: object) -> tuple[str, ...]:
    data = text if isinstance(text, bytes) else text.encode()
    found = read_orders(data, options(**changes))
    assert isinstance(found, Faults), found
    return found.messages


def test_a_shopify_export_is_read_by_the_ids_that_webhooks_carry() -> None:
    found = read(SHOPIFY)

    assert [
        ("5001", datetime(2026, 10, 1, 12, 4, tzinfo=UTC), 2935, OrderState.COUNTED),
        ("5002", datetime(2026, 10, 2, 7, 0, tzinfo=UTC), 1000, OrderState.REFUNDED),
        ("5003", datetime(2026, 10, 3, 8, 0, tzinfo=UTC), 500, OrderState.OFFLINE),
    ] == [(o.order_id, o.occurred_at, o.value_minor, o.state) for o in found.orders]
    assert (1, {"EUR": 4435}) == (found.n_repeats, found.totals)


def test_nobodys_name_is_read() -> None:
    found = read(SHOPIFY)

    assert "xample" not in repr(found)
    assert "+49" not in repr(found)
    assert 8 == found.n_dropped


def test_a_woocommerce_export_in_a_shops_own_time_and_commas() -> None:
    found = read(WOO, time_zone="Europe/Berlin")

    assert [
        ("77", datetime(2026, 10, 13, 21, 30, tzinfo=UTC), 123450, OrderState.COUNTED),
        ("78", datetime(2026, 11, 2, 7, 0, tzinfo=UTC), 1200, OrderState.UNPAID),
    ] == [(o.order_id, o.occurred_at, o.value_minor, o.state) for o in found.orders]
    assert (
        "Days are written day first: a number over 12 in the column shows it.",
    ) == found.notes


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_the_encoding_makes_no_difference(encoding: str) -> None:
    text = WOO.replace("Nachname", "Währung der Straße")
    found = read_orders(text.encode(encoding), options())

    assert isinstance(found, OrderPreview)
    assert 2 == len(found.orders)


def test_titles_before_the_headings_and_the_order_of_columns_make_no_difference() -> (
    None
):
    text = (
        "sep=,\nOrders of October\nTotal,Currency,Created at,Id\n5,EUR,2026-10-01,9\n"
    )

    assert ["9"] == [order.order_id for order in read(text).orders]


def test_a_day_without_time_begins_by_the_shops_clock() -> None:
    text = "id,date\n1,2026-10-01\n"
    found = read(text, time_zone="America/Los_Angeles", kind=Kind.SIGNUP)

    assert datetime(2026, 10, 1, 7, tzinfo=UTC) == found.orders[0].occurred_at
    assert (None, None) == (found.orders[0].value_minor, found.orders[0].currency)


@pytest.mark.parametrize(
    ("cell", "hour"),
    [
        ("2026-10-01T13:05:00Z", 13),
        ("2026-10-01 13:05:00.123456 UTC", 13),
        ("2026-10-01 01:05 PM", 13),
        ("2026-10-01 12:05 a.m.", 0),
        ("Oct 1, 2026 15:05 +02:00", 13),
        ("01.10.2026 13:05", 13),
        ("2026-10-01 07:05 -0600", 13),
    ],
)
def test_times_are_read_as_programs_write_them(cell: str, hour: int) -> None:
    found = read(f'id,date\n1,"{cell}"\n')

    assert hour == found.orders[0].occurred_at.hour


def test_what_can_be_read_in_two_ways_is_asked_and_settled_by_hand() -> None:
    text = "id;date;total;currency\n1;03/04/2026;1,234;EUR\n"

    assert any("--date-order" in one for one in faults(text))
    found = read(text, date_order="day first", decimal=",")
    assert (4, 123) == (found.orders[0].occurred_at.month, found.orders[0].value_minor)


def test_headings_and_words_are_settled_by_hand() -> None:
    text = "Beleg,Wann,Summe,Zustand\nA1,2026-10-01,7.50,verschickt\n"
    found = read(
        text,
        columns={"Beleg": "order_id", "Wann": "time", "Summe": "value"}
        | {"Zustand": "status"},
        states={"Verschickt": OrderState.COUNTED},
        currency="EUR",
    )

    assert ("A1", 750) == (found.orders[0].order_id, found.orders[0].value_minor)


def test_an_order_told_twice_alike_is_one() -> None:
    text = "id,date,total,currency\n1,2026-10-01,5,EUR\n1,2026-10-01,5.00,EUR\n"
    found = read(text)

    assert (1, 1) == (len(found.orders), found.n_repeats)


def test_an_address_used_as_id_is_hashed() -> None:
    found = read("id,date\nada@example.org-1,2026-10-01\n")

    assert found.orders[0].order_id.startswith("sha256:")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The file is empty."),
        ("PK\x03\x04 and more", "This is an Excel file: export it as CSV."),
        ("Kunde,Ort\na,b\n", "No column holds the order_id"),
        ("id,date,total\n1,2026-10-01,5\n", "Nothing says which currency"),
        ("id,date\n", "There is no row below the headings."),
        ("id,date\n1,tomorrow\n", "Line 2, time: it is not a day"),
        ("id,date\n1,2026-10-01 25:00\n", "Line 2, time: it is not a time of any day"),
        ("id,date\n1,\n", "Line 2, time: it is not a time"),
        ("id,date\n,2026-10-01\n", "Line 2, order_id: it must hold"),
        (
            "id,date,total,currency\n1,2026-10-01,much,EUR\n",
            "Line 2, value: it is not a number",
        ),
        (
            "id,date,total,currency\n1,2026-10-01,5,euros\n",
            "Line 2, currency: it must be three letters",
        ),
        (
            "id,date,total,currency\n1,2026-10-01,1e30,EUR\n",
            "Line 2, value: it",
        ),
        ("id,date,status\n1,2026-10-01,dancing\n", "Line 2, status: this word"),
        (
            "id,date,total,currency\n1,2026-10-01,5,EUR\n1,2026-10-01,6,EUR\n",
            "Line 3: this order has two values.",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, sentence: str) -> None:
    assert any(one.startswith(sentence) for one in faults(text)), faults(text)


def test_a_column_that_is_not_there_is_told() -> None:
    assert ('There is no column "Beleg".',) == faults(
        "id,date\n1,2026-10-01\n", columns={"Beleg": "order_id"}
    )


def test_faults_name_no_values() -> None:
    told = faults("id,date\nada,grace@example.org\n")

    assert not any("grace" in one or "ada" in one for one in told)


def test_many_faults_are_cut_short() -> None:
    rows = "".join(f"{n},never\n" for n in range(50))

    assert "and 30 more faults." == faults(f"id,date\n{rows}")[-1]


def test_money_is_exact() -> None:
    text = "id,date,total,currency\n1,2026-10-01,0.1,EUR\n2,2026-10-01,0.2,EUR\n"

    assert Decimal("0.3") == Decimal(read(text).totals["EUR"]) / 100
