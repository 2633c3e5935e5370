"""Amounts: from what a shop writes to `Money`, and to the integers that are stored.

Decimal throughout. A number that JSON or a form gave us is read by its text, so that
0.1 stays 0.1; sums made in binary, such as 59.970000000000006, lose their noise.
"""

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, localcontext
from types import MappingProxyType
from typing import Final

from forwarder.core.event import Money

DEFAULT_EXPONENT: Final = 2
MAX_MAJOR_DIGITS: Final = 15  # with four decimals still a 64-bit integer
MAX_DECIMALS: Final = 12
CENT_DECIMALS: Final = 8  # finer than any price, coarser than the noise of a float

_PLAIN = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?|[+-]?\.[0-9]+")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_CURRENCY = re.compile(r"[A-Za-z]{3}")


def _exponents(**words: str) -> Mapping[str, int]:
    digits = {"none": 0, "three": 3, "four": 4}
    return MappingProxyType(
        {code: digits[word] for word, codes in words.items() for code in codes.split()}
    )


# ISO 4217: https://www.six-group.com/en/products-services/financial-information/data-standards.html
ISO_EXPONENTS: Final = _exponents(
    none="BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    three="BHD IQD JOD KWD LYD OMR TND",
    four="CLF UYW",
)
# Stripe keeps ISK and UGX in hundredths although they have none, and MGA whole.
# https://docs.stripe.com/currencies#zero-decimal (as copied by third parties)
STRIPE_EXPONENTS: Final = _exponents(
    none="BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF",
    three="BHD JOD KWD OMR TND",
)


def amount(value: object) -> Decimal | None:
    """Return a text or number as an amount; None for anything else.

    Limits: 15 digits before the point; no NaN, no infinity. More digits after it than
    8 of a float or 12 of a text are noise, and rounded to 8.
    """
    number = _decimal(value)
    if number is None or not number.is_finite():
        return None
    exponent = number.as_tuple().exponent
    if number.adjusted() >= MAX_MAJOR_DIGITS or not isinstance(exponent, int):
        return None
    if exponent < -MAX_DECIMALS:
        return None
    return Decimal(format(number, "f")) if exponent > 0 else number


def currency(value: object) -> str | None:
    """Return an ISO 4217 code in upper case; None for anything else."""
    if isinstance(value, str) and _CURRENCY.fullmatch(value.strip()):
        return value.strip().upper()
    return None


def money(value: object, code: object) -> Money | None:
    """Return an amount in major units; None if amount or currency is not usable."""
    number, iso = amount(value), currency(code)
    if number is None or iso is None:
        return None
    return Money(amount=number, currency=iso)


def from_minor(
    value: object, code: object, exponents: Mapping[str, int] = ISO_EXPONENTS
) -> Money | None:
    """Return an amount that came in minor units (cents); None if it is not usable.

    Shape: `exponents` is the platform's own table, since platforms differ from ISO.
    """
    number, iso = amount(value), currency(code)
    if number is None or iso is None or number != number.to_integral_value():
        return None
    places = exponents.get(iso, DEFAULT_EXPONENT)
    major = number.scaleb(-places).quantize(Decimal(1).scaleb(-places))
    return Money(amount=major, currency=iso)


def to_minor(value: Money) -> int:
    """Return the amount in minor units by ISO 4217, half a unit rounded away from 0.

    Raises: ValueError on an amount that does not fit a 64-bit integer.
    """
    places = ISO_EXPONENTS.get(value.currency, DEFAULT_EXPONENT)
    with localcontext(prec=40):
        minor = value.amount.scaleb(places).to_integral_value(ROUND_HALF_UP)
    if not minor.is_finite() or abs(minor) >= 2**63:
        raise ValueError("an amount is too large to be stored")
    return int(minor)


def money_text(amounts: Mapping[str, str]) -> str:
    """Return decimal texts by currency as people read them: `48,945.50 EUR`."""
    return ", ".join(f"{Decimal(text):,f} {code}" for code, text in amounts.items())


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        # a huge int is slow to write out; its size alone disqualifies it
        return Decimal(value) if value.bit_length() <= 64 else None  # noqa: PLR2004
    if isinstance(value, float):
        return Decimal(str(round(value, CENT_DECIMALS)))
    if isinstance(value, str):
        return _from_text(value.strip())
    return None


def _from_text(text: str) -> Decimal | None:
    if len(text) > MAX_MAJOR_DIGITS + MAX_DECIMALS + 8:
        return None
    plain = text.replace(",", "") if _GROUPED.fullmatch(text) else text
    if not _PLAIN.fullmatch(plain):
        return None
    decimals = len(plain.partition(".")[2])
    exact = Decimal(plain)
    return exact if decimals <= MAX_DECIMALS else round(exact, CENT_DECIMALS)
