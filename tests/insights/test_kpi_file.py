from datetime import UTC, date, datetime, timedelta

import pytest

from forwarder.core.kpi import Counts, KpiDay, Scope
from forwarder.insights.kpi_file import KpiFile, WrongFile, read_kpi_file
from forwarder.reconcile.figures import newest_day

HEAD = "Date,Impressions,Pin clicks,Outbound clicks,Saves\n"
DAY = KpiDay(on=date(2026, 10, 3), counts=Counts(1234, 56, 7, 8))


def read(text: str, encoding: str = "utf-8", **given: object) -> KpiFile:
    return read_kpi_file(text.encode(encoding), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "2026-10-03,1234,56,7,8\n",
        HEAD + '2026-10-03,"1,234",56,7,8\n',
        HEAD + "2026-10-03,1.234,56,7,8\n",
        "Date;Impressions;Pin clicks;Outbound clicks;Saves\n2026-10-03;1 234;56;7;8",
        (
            "Date\tImpressions\tCloseups\tLink clicks\tRepins\n"
            "10/03/2026\t1234\t56\t7\t8\n10/13/2026\t1\t1\t1\t1"
        ),
        "date,impressions,close-ups,clickthroughs,saves\n3 Oct 2026,1234,56,7,8\n",
        (
            "Datum;Impressionen;Pin-Klicks;Ausgehende Klicks;Gespeichert\n"
            "03.10.2026;1.234;56;7;8"
        ),
        "Exported from Analytics\n\nAccount: a shop\n"
        + HEAD
        + "2026-10-03,1234,56,7,8\n",
        (
            "PIN_CLICKS,Saves,outbound_clicks,DATE,Impressions,Save rate\n"
            "56,8,7,2026-10-03T00:00:00Z,1234,0.65%\n"
        ),
        HEAD + "\n2026-10-03,1234,56,7,8\n\n,,,,\n",
        HEAD.replace("\n", "\r\n") + "2026-10-03,1234,56,7,8\r\n",
        (
            "Date,Pin clicks,Closeups,Impressions,Outbound clicks,Saves\n"
            "2026-10-03,56,99,1234,7,8\n"
        ),
    ],
)
def test_twelve_ways_to_write_the_same_day(text: str) -> None:
    found = read(text)

    assert [] == found.errors
    assert DAY == found.days[0]
    assert Scope.ACCOUNT is found.scope


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD.replace("Saves", "Saves,impressions"), "2 columns are impressions"),
        (HEAD.replace("Saves", "Saves,Link clicks"), "2 columns are outbound clicks"),
        (HEAD.replace("Saves", "Saves,Day"), "2 columns are date"),
        (HEAD + "2026-10-03,12\x0034,56,7,8\n", "It holds zero bytes"),
    ],
)
def test_a_file_that_could_mean_two_things_is_refused(text: str, told: str) -> None:
    with pytest.raises(WrongFile, match=told):
        read(text)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_every_usual_encoding_is_read(encoding: str) -> None:
    text = "Date,Impressions,Pin clicks,Outbound clicks,Saves,Café\n"
    found = read(text + "2026-10-03,1234,56,7,8,é\n", encoding)

    assert [DAY] == found.days


@pytest.mark.parametrize(
    "pin",
    [
        "123456",
        "https://www.pinterest.com/pin/123456/",
        "https://pin.example/pin/ten-ideas--123456/?x=1",
        "'123456",
    ],
)
def test_a_pin_is_known_by_its_id_or_its_address(pin: str) -> None:
    text = "Pin ID,Title,Date,Impressions,Pin clicks,Outbound clicks,Saves\n"
    found = read(f"{text}{pin},Ten ideas,2026-10-03,1234,56,7,8\n")

    assert Scope.PIN is found.scope
    assert ("123456", "Ten ideas") == (found.days[0].pin_id, found.days[0].title)


def test_short_numbers_are_whole_ones() -> None:
    (day,) = read(HEAD + '2026-10-03,1.2K,"1,5k",2M,0\n').days

    assert Counts(1200, 1500, 2_000_000, 0) == day.counts


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        ("soon,1,1,1,1", "date", "is not a day"),
        (",1,1,1,1", "date", "is not a day"),
        ("2026-02-30,1,1,1,1", "date", "is not a day"),
        ("2026-10-03,,1,1,1", "impressions", "is empty"),
        ("2026-10-03,1,x,1,1", "pin_clicks", "is not a number"),
        ("2026-10-03,1,1,-1,1", "outbound_clicks", "0 or more"),
        ("2026-10-03,1,1,1,1e400", "saves", "is not a number"),
        ("2026-10-03,1,1,1,NaN", "saves", "is not a number"),
        ("2026-10-03,1,1,1,1.5", "saves", "a whole number"),
        ("2026-10-03,9999999999999,1,1,1", "impressions", "larger than any"),
        ("2026-10-03,1,1,1", "saves", "is empty"),
        ("=cmd(),1,1,1,1", "date", "is not a day"),
    ],
)
def test_a_row_that_cannot_be_read_is_left_out_with_its_reason(
    row: str, column: str, message: str
) -> None:
    found = read(f"{HEAD}2026-10-02,1,1,1,1\n{row}\n")

    assert 1 == len(found.days)
    (error,) = found.errors
    assert (2, column) == (error.line, error.column)
    assert message in error.message


def test_a_day_that_has_not_come_anywhere_is_left_out() -> None:
    dawn = datetime(2026, 10, 3, 10, tzinfo=UTC)  # the 4th begins in Kiritimati
    text = HEAD + "2026-10-03,1,1,1,1\n2026-10-04,1,1,1,1\n2026-10-05,1,1,1,1\n"
    newest_on = newest_day(dawn)
    found = read(text, newest_on=newest_on)

    assert date(2026, 10, 4) == newest_on == found.days[-1].on
    assert date(2026, 10, 3) == newest_day(dawn - timedelta(seconds=1))
    (error,) = found.errors
    assert (3, "date") == (error.line, error.column)
    assert "has not come yet; correct it, or say `--date-order`" in error.message


def test_a_date_that_can_be_read_in_two_ways_is_asked_for() -> None:
    text = HEAD + "03/04/2026,1,1,1,1\n"

    assert "--date-order" in read(text).errors[0].message
    assert date(2026, 4, 3) == read(text, order="day first").days[0].on
    assert date(2026, 3, 4) == read(text, order="month first").days[0].on


def test_a_day_that_stands_twice_counts_once() -> None:
    same = read(HEAD + "2026-10-03,1,1,1,1\n2026-10-03,1,1,1,1\n")
    other = read(HEAD + "2026-10-03,1,1,1,1\n2026-10-03,2,1,1,1\n")

    assert (1, 0) == (len(same.days), len(same.errors))
    assert (1, 1) == (len(other.days), len(other.errors))


def test_close_ups_beside_pin_clicks_are_told() -> None:
    head = "Date,Pin clicks,Closeups,Impressions,Outbound clicks,Saves\n"
    found = read(head + "2026-10-03,56,99,1234,70,8\n")

    assert any("Pin clicks were taken" in one for one in found.warnings)
    assert any("more outbound clicks than Pin clicks" in one for one in found.warnings)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"PK\x03\x04" + b"\0" * 400, "an Excel file"),
        (b"Date,Views\n2026-10-03,1\n", "no header"),
        (b"x\n" * 50, "no header"),
        (
            b"Date,Impressions,Saves\n2026-10-03,1,1\n",
            "lacks outbound clicks, pin clicks",
        ),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(1, 200)), "no header"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(data: bytes, told: str) -> None:
    with pytest.raises(WrongFile, match=told):
        read_kpi_file(data)


def test_pins_without_an_id_are_refused() -> None:
    with pytest.raises(WrongFile, match="lacks pin id"):
        read(HEAD + "2026-10-03,1,1,1,1\n", scope=Scope.PIN)


def test_account_rows_may_be_read_from_a_file_of_pins_when_told() -> None:
    text = "Pin ID,Date,Impressions,Pin clicks,Outbound clicks,Saves\n"
    found = read(f"{text}1,2026-10-03,1234,56,7,8\n", scope=Scope.ACCOUNT)

    assert [DAY] == found.days


def test_the_same_bytes_have_the_same_fingerprint() -> None:
    text = HEAD + "2026-10-03,1,1,1,1\n"

    assert read(text).fingerprint == read(text).fingerprint
    assert read(text).fingerprint != read(text + "2026-10-04,1,1,1,1\n").fingerprint
