"""Importing an exported report: what is understood, and what is refused in words."""

from datetime import date
from decimal import Decimal

import pytest

from forwarder.core.event import Kind
from forwarder.core.reports import Level, Measures, TagDay
from forwarder.reconcile.figures import Unclear, read_count, read_date, read_value
from forwarder.reconcile.headings import Credit, Role, column
from forwarder.reconcile.tag_report import (
    MAX_BYTES,
    Faults,
    ImportOptions,
    Preview,
    read_tag_report,
)

SIMPLE = """date,event type,conversions,value,currency
2026-10-01,checkout,12,480.50,EUR
2026-10-02,checkout,0,,EUR
2026-10-01,signup,3,,EUR
"""
WIDE = """Date,Ad account name,Click-through conversions (Checkout),\
Click-through order value (Checkout),Conversions (Checkout),Spend
2026-10-01,Example Shop,4,"1,200.00",6,10.00
2026-10-02,Example Shop,5,99.50,7,11.00
"""


def taken(data: str | bytes, options: ImportOptions | None = None) -> Preview:
    result = read_tag_report(
        data if isinstance(data, bytes) else data.encode(), options
    )

    assert isinstance(result, Preview), result
    return result


def refused(data: str | bytes, options: ImportOptions | None = None) -> str:
    result = read_tag_report(
        data if isinstance(data, bytes) else data.encode(), options
    )

    assert isinstance(result, Faults), result
    return "\n".join(result.messages)


EUR = ImportOptions(currency="EUR")


def test_the_simple_shape_is_read_by_day_and_kind() -> None:
    preview = taken(SIMPLE)

    first, second, third = preview.report.rows
    assert first == TagDay(
        on=date(2026, 10, 1), kind=Kind.CHECKOUT, count=12, value=Decimal("480.50")
    )
    assert second == TagDay(on=date(2026, 10, 1), kind=Kind.SIGNUP, count=3)
    assert (date(2026, 10, 2), 0) == (third.on, third.count)
    assert "EUR" == preview.report.currency
    assert {
        Kind.CHECKOUT: (12, Decimal("480.50")),
        Kind.SIGNUP: (3, None),
    } == preview.totals


def test_the_platform_export_is_read_and_its_click_columns_win() -> None:
    preview = taken(WIDE, EUR)

    assert [4, 5] == [row.count for row in preview.report.rows]
    assert [Decimal(1200), Decimal("99.5")] == [r.value for r in preview.report.rows]
    assert preview.report.definitions.click_only
    assert ("Conversions (Checkout)", "ignore") in preview.mapping
    assert any("left out" in note for note in preview.warnings)


def test_a_report_without_click_columns_says_that_it_credits_views() -> None:
    preview = taken("Date,Conversions (Checkout)\n2026-10-01,6\n")

    assert not preview.report.definitions.click_only
    assert any("views" in note for note in preview.warnings)


def test_millionths_are_read_by_the_name_of_their_column() -> None:
    head = "DATE,TOTAL_CLICK_CHECKOUT,TOTAL_CLICK_CHECKOUT_VALUE_IN_MICRO_DOLLAR\n"

    rows = taken(head + "2026-10-01,3,12340000\n", EUR).report.rows

    assert Decimal("12.34") == rows[0].value


GERMAN = "Datum;Ereignis;Anzahl;Wert (EUR)\n01.10.2026;Kauf;1.012;1.480,50\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]
)
def test_encoding_and_delimiter_are_found_by_themselves(encoding: str) -> None:
    for text in (GERMAN, GERMAN.replace(";", "\t")):
        rows = taken(text.encode(encoding)).report.rows

        assert [(1012, Decimal("1480.50"))] == [(r.count, r.value) for r in rows]


def test_latin_1_headings_are_read() -> None:
    text = "Datum;Währung;Ereignis;Anzahl;Wert\n01.10.2026;EUR;Kauf;2;10,50\n"

    assert "EUR" == taken(text.encode("latin-1")).report.currency


def test_a_title_above_and_totals_below_are_passed_over() -> None:
    preview = taken(
        "Conversions report\nDate,Conversions\n2026-10-01,5\nTotal,5\n",
        ImportOptions(kind=Kind.LEAD),
    )

    assert 1 == len(preview.report.rows)
    assert any("totals" in note for note in preview.warnings)


def test_the_same_rows_have_one_fingerprint_whatever_the_file_looks_like() -> None:
    lines = SIMPLE.splitlines()
    other = "\r\n".join([lines[0], *reversed(lines[1:])]).replace(",", ";")

    here = taken(SIMPLE).report.fingerprint

    assert here == taken(other.encode("utf-16")).report.fingerprint
    assert here != taken(SIMPLE.replace("12,", "13,")).report.fingerprint
    assert here != taken(SIMPLE, ImportOptions(level=Level.DELIVERY)).report.fingerprint


def test_days_left_out_count_as_zero_inside_the_days_given() -> None:
    month = ImportOptions(first_on=date(2026, 10, 1), last_on=date(2026, 10, 31))

    preview = taken("date,event,count\n2026-10-09,lead,1\n", month)

    assert 31 == preview.report.n_days
    assert "Days without a row, taken as zero: 30." in preview.warnings


def test_attributed_numbers_are_taken_for_the_platforms_until_somebody_says_more() -> (
    None
):
    assert Measures.PLATFORM is taken(SIMPLE).report.measures
    tag = ImportOptions(measures=Measures.TAG)
    assert Measures.TAG is taken(SIMPLE, tag).report.measures
    delivery = ImportOptions(level=Level.DELIVERY)
    assert Measures.TAG is taken(SIMPLE, delivery).report.measures


def test_unknown_headings_are_listed_and_never_guessed() -> None:
    message = refused("date,event,count,Checkouts?,Extra\n2026-10-01,lead,1,2,3\n")

    assert 'Column 4 ("Checkouts?")' in message
    assert 'Column 5 ("Extra")' in message


def test_a_heading_can_be_settled_by_hand() -> None:
    options = ImportOptions(
        columns={"Checkouts?": "conversions", "Extra": "ignore"}, kind=Kind.CHECKOUT
    )

    rows = taken("date,Checkouts?,Extra\n2026-10-01,7,x\n", options).report.rows

    assert [7] == [row.count for row in rows]


def test_a_file_of_people_is_refused_without_repeating_them() -> None:
    message = refused("jane@example.com,+15550100123\njoe@example.org,+15550100124\n")

    assert "example" not in message
    assert "5550100" not in message
    assert "heading row missing" in message


HEAD = "date,event,count\n"
VALUED = "date,event,count,value (EUR)\n"
TWO_CURRENCIES = """date,event,count,value,currency
2026-10-01,lead,1,5.5,EUR
2026-10-02,lead,1,5.5,USD
"""
FAULTY = {
    "": "empty",
    HEAD: "no row",
    "event,count\nlead,1\n": "no date column",
    "date,event\n2026-10-01,lead\n": "no conversions column",
    "date,count\n2026-10-01,1\n": "--kind checkout",
    HEAD + "2026-10-01,lead,1\n2026-10-01,lead,2\n": "more than one row",
    HEAD + "03/04/2026,lead,1\n": "two ways",
    HEAD + "2026-02-30,lead,1\n": "not a day",
    HEAD + "2026-10-01,dance,1\n": "2, event: dance is no kind that we know: leave",
    HEAD + "2026-10-01,lead,1.5\n": "whole number",
    HEAD + "2026-10-01,lead,-1\n": "whole number",
    HEAD + "2026-10-01,lead,many\n": "not a number",
    HEAD + "2026-10-01,lead\n": "cells",
    "date,event,count,value\n2026-10-01,lead,1,5.50\n": "which currency",
    VALUED + '2026-10-01,lead,1,"1,234"\n': "two ways",
    VALUED + '2026-10-01,lead,1,"1,50"\n2026-10-02,lead,1,1.50\n': "mixes",
    TWO_CURRENCIES: "more than one currency",
    "date,date,event,count\n2026-10-01,2026-10-01,lead,1\n": "more than one date",
    "Date,Conversions (Lead),Order value (Checkout)\n2026-10-01,1,2.5\n": "no count",
}


@pytest.mark.parametrize(("text", "words"), FAULTY.items())
def test_a_faulty_file_is_refused_in_words(text: str, words: str) -> None:
    assert words in refused(text)


def test_an_excel_file_is_told_by_its_first_bytes() -> None:
    read = read_tag_report(b"PK\x03\x04\x14\x00rest")

    assert read == Faults(messages=("This is an Excel file: export it as CSV.",))


def test_faults_name_the_option_that_settles_them() -> None:
    kindless = refused("date,conversions,Campaign name\n2026-10-01,1,x\n")

    assert "`--column 'Campaign name=ignore'`" in kindless
    assert "`--kind checkout`" in kindless
    assert "`--currency EUR`" in refused(
        "date,event,conversions,value\n2026-10-01,checkout,1,9.50\n"
    )


def test_all_faults_are_listed_at_once_but_not_without_end() -> None:
    body = "".join(f"2026-13-{n:02},lead,x\n" for n in range(1, 31))

    message = refused("date,event,count\n" + body)

    assert "Line 2, date" in message
    assert "and 10 more faults" in message


def test_a_wrong_role_and_too_large_a_file_are_refused() -> None:
    assert "nothing else" in refused(SIMPLE, ImportOptions(columns={"value": "gold"}))
    assert "larger" in refused(b"x" * (MAX_BYTES + 1))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("31/10/2026", (2026, 10, 31)), ("Oct 3, 2026", (2026, 10, 3)),
     ("2026-10-03T00:00:00Z", (2026, 10, 3)), ("3 October 2026", (2026, 10, 3))],
)  # fmt: skip
def test_days_are_read_in_the_usual_ways(
    cell: str, expected: tuple[int, int, int]
) -> None:
    assert date(*expected) == read_date(cell, "day first")


def test_the_rest_of_a_column_settles_slashed_days_and_grouped_values() -> None:
    preview = taken(
        'date,event,count,value (USD)\n10/03/2026,lead,1,"1,234"\n'
        '10/13/2026,lead,1,"$2,500.75"\n'
    )

    assert date(2026, 10, 3) == preview.report.rows[0].on
    assert Decimal(1234) == preview.report.rows[0].value


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1,234", 1234),
        ("1.234", 1234),
        ("12", 12),
        ("1'234'567", 1_234_567),
        ("7.0", 7),
    ],
)
def test_counts_are_whole_numbers_however_grouped(cell: str, expected: int) -> None:
    assert expected == read_count(cell)


@pytest.mark.parametrize("cell", ["12abc", "1.2.3,4.5", "--5"])
def test_junk_is_not_a_number(cell: str) -> None:
    with pytest.raises(Unclear):
        read_value(cell, ".")


def test_amounts_may_carry_a_currency() -> None:
    assert Decimal("1234.50") == read_value("EUR 1.234,50", ",")
    assert Decimal("-3.5") == read_value("\u22123.50 USD", ".")


def test_headings_name_metric_kind_and_credit() -> None:
    web = column("Web click-through conversions (Checkout)")
    view = column("TOTAL_VIEW_SIGNUP")

    assert web is not None
    assert view is not None
    assert (Role.COUNT, Kind.CHECKOUT, Credit.CLICK, True) == (
        web.role,
        web.kind,
        web.credit,
        web.web_only,
    )
    assert (Kind.SIGNUP, Credit.OTHER) == (view.kind, view.credit)
    assert column("Conversions (Miracles)") is None
