from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.core.event import Money
from forwarder.core.money import (
    STRIPE_EXPONENTS,
    amount,
    currency,
    from_minor,
    money,
    to_minor,
)


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        ("12.34", "12.34"),
        (" 12.30 ", "12.30"),
        ("-0.5", "-0.5"),
        ("1,234.50", "1234.50"),
        ("1,234,567", "1234567"),
        (".5", "0.5"),
        ("12.", "12"),
        (3, "3"),
        (0.1, "0.1"),
        (95.9, "95.9"),
        (59.970000000000006, "59.97"),
        (0.1 + 0.2, "0.3"),
        ("59.970000000000006", "59.97000000"),
        (Decimal("1E+2"), "100"),
        (Decimal("12.340"), "12.340"),
    ],
)
def test_an_amount_is_read_by_its_text(given_value: object, expected: str) -> None:
    assert expected == str(amount(given_value))


@pytest.mark.parametrize(
    "value",
    [
        None, True, "", "abc", "12.34.56", "1,23", "1.234,50", "NaN", "Infinity", "1e5",
        float("nan"), float("inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("1e999"),
        Decimal("1e-99"), "٣", "9" * 16, 10**400, 1e300, [], {}, "1" * 10_000, "0x10",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_is_no_amount_is_none(value: object) -> None:
    assert amount(value) is None


@given(st.text() | st.floats() | st.integers() | st.decimals())
def test_no_amount_raises_and_what_is_read_is_finite_and_plain(value: object) -> None:
    found = amount(value)

    assert found is None or (found.is_finite() and "E" not in f"{found:f}")
    assert found is None or abs(found) < Decimal(10) ** 15


@pytest.mark.parametrize(
    ("minor", "code", "expected"),
    [
        (6290, "eur", "62.90"),
        (500, "jpy", "500"),
        ("1500", "USD", "15.00"),
        (12345, "bhd", "12.345"),
        (500, "isk", "5.00"),
        (500, "ugx", "5.00"),
        (500, "mga", "500"),
        (0, "eur", "0.00"),
    ],
)
def test_stripe_amounts_follow_its_own_table(
    minor: object, code: str, expected: str
) -> None:
    found = from_minor(minor, code, STRIPE_EXPONENTS)

    assert Money(amount=Decimal(expected), currency=code.upper()) == found
    assert found is not None
    assert expected == str(found.amount)


@pytest.mark.parametrize(
    ("minor", "code"),
    [(None, "eur"), (1.5, "eur"), ("x", "eur"), (5, None), (5, "euro")],
)
def test_minor_units_that_make_no_sense_are_none(minor: object, code: object) -> None:
    assert from_minor(minor, code) is None


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        ("12.34", "EUR", 1234),
        ("500", "JPY", 500),
        ("21.5", "JPY", 22),
        ("12.3455", "BHD", 12346),
        ("0.005", "USD", 1),
        ("-0.005", "USD", -1),
        ("5", "ISK", 5),
        ("1.2345", "CLF", 12345),
    ],
)
def test_money_is_stored_in_minor_units(value: str, code: str, expected: int) -> None:
    assert expected == to_minor(Money(amount=Decimal(value), currency=code))


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_minor_units_survive_the_way_there_and_back(minor: int, code: str) -> None:
    found = from_minor(minor, code)

    assert found is not None
    assert minor == to_minor(found)


@pytest.mark.parametrize("value", ["1e30", "NaN", "Infinity"])
def test_an_amount_that_does_not_fit_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="too large"):
        to_minor(Money(amount=Decimal(value), currency="EUR"))


def test_a_currency_is_three_letters_in_upper_case() -> None:
    assert currency(" eur ") == "EUR"
    for wrong in (None, "", "EURO", "E1R", 978, "€€€"):
        assert currency(wrong) is None


def test_an_amount_without_a_currency_is_no_money() -> None:
    assert money("12.34", None) is None
    assert money(None, "EUR") is None
