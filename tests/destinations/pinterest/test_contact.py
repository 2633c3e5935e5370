"""Phone numbers of the whole world: our short way and the library's agree."""

import phonenumbers
import pytest

from forwarder.destinations.pinterest.contact import phone

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS = (
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE,
)


def numbers(region: str) -> list[phonenumbers.PhoneNumber]:
    found = (phonenumbers.example_number_for_type(region, kind) for kind in KINDS)
    return [one for one in found if one is not None]


@pytest.mark.parametrize("region", REGIONS)
def test_national_numbers_gain_their_calling_code(region: str) -> None:
    national = phonenumbers.PhoneNumberFormat.NATIONAL
    for number in numbers(region):
        written = phonenumbers.format_number(number, national)
        expected = phonenumbers.format_number(
            phonenumbers.parse(written, region), phonenumbers.PhoneNumberFormat.E164
        )

        assert expected[1:] == phone(written, region.lower()), written


@pytest.mark.parametrize("region", REGIONS)
def test_international_numbers_need_no_country(region: str) -> None:
    for number in numbers(region):
        written = phonenumbers.format_number(
            number, phonenumbers.PhoneNumberFormat.INTERNATIONAL
        )
        expected = phonenumbers.format_number(
            number, phonenumbers.PhoneNumberFormat.E164
        )

        assert expected[1:] == phone(written, None), written
