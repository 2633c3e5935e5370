"""A person in a flat record, under the names that platforms usually give the fields."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from forwarder.core.event import Person
from forwarder.core.reading import one, texts

USUAL: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "email": ("email", "email_address"),
        "phone": ("phone", "mobilephone", "phone_number"),
        "first_name": ("first_name", "firstname", "firstName"),
        "last_name": ("last_name", "lastname", "lastName"),
        "city": ("city",),
        "state": ("state", "region"),
        "postal_code": ("postal_code", "zip", "postalCode"),
        "country": ("country", "country_code", "countryCode"),
    }
)


def usual(told: Mapping[str, object], *ids: str | None) -> Person:
    """Return the person in a record; `ids` are what the platform calls them."""

    def of(field: str) -> tuple[str, ...]:
        return one(*(told.get(name) for name in USUAL[field]))

    return Person(
        email=of("email"),
        phone=of("phone"),
        first_name=of("first_name"),
        last_name=of("last_name"),
        city=of("city"),
        state=of("state"),
        postal_code=of("postal_code"),
        country=of("country"),
        external_id=texts(*ids),
    )
