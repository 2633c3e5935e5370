"""By what Pinterest may recognise somebody, as it stands in a payload that was kept."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

# In the order in which they help: the first six recognise, the others only confirm.
IDENTIFIERS: Final[Mapping[str, str]] = {
    "em": "email",
    "click_id": "click_id",
    "ph": "phone",
    "hashed_maids": "maid",
    "client_ip_address": "ip",
    "client_user_agent": "user_agent",
    "external_id": "external_id",
    "fn": "first_name",
    "ln": "last_name",
    "ct": "city",
    "st": "state",
    "zp": "postal_code",
    "country": "country",
    "db": "date_of_birth",
    "ge": "gender",
}


class _Shown(msgspec.Struct):
    user_data: dict[str, msgspec.Raw]


_decoder = msgspec.json.Decoder(_Shown)


def identifiers(shown: bytes) -> frozenset[str]:
    """Return which identifiers stand in a kept payload, in our words."""
    try:
        return _named(_decoder.decode(shown).user_data)
    except msgspec.DecodeError:
        return frozenset()


def identifiers_in(payload: Mapping[str, Any]) -> frozenset[str]:
    """Return the same of a payload that was read already."""
    found = payload.get("user_data")
    return _named(found) if isinstance(found, Mapping) else frozenset()


def _named(user_data: Mapping[str, object]) -> frozenset[str]:
    return frozenset(IDENTIFIERS[key] for key in user_data if key in IDENTIFIERS)
