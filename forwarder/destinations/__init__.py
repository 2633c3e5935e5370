"""The roll of destinations: from the word in the settings to who builds one.

A destination is a folder with a rule per field, a table of replies and a `build`;
a new one needs a line here, a settings group, a doc page and a face in the sandbox.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Protocol

from forwarder.core.delivery import Destination
from forwarder.destinations import pinterest

__all__ = ["DESTINATIONS", "PLAIN", "Builder", "Group", "build_destination"]


class Builder(Protocol):
    """Makes a destination of its name and its settings."""

    def __call__(self, name: str, settings: Mapping[str, Any]) -> Destination:
        """Return the destination; settings that it does not know are left alone.

        Raises: ValueError naming the setting that cannot be used.
        """


class Group(Protocol):
    """A group of settings: a dataclass that names its platform."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def platform(self) -> str:
        """A word on the roll."""


DESTINATIONS: Final[Mapping[str, Builder]] = {"pinterest": pinterest.build}

# Enough to encode by default rules; nobody answers at this account.
PLAIN: Final[Mapping[str, Any]] = {
    "platform": "pinterest",
    "ad_account_id": "0",
    "token": "none",
}


def build_destination(
    name: str,
    settings: Mapping[str, Any] | Group,
    **instead: Any,  # noqa: ANN401 - each setting has a type of its own
) -> Destination:
    """Return the destination that the settings describe, some of them replaced.

    Raises: ValueError naming the setting that cannot be used.
    """
    told = settings if isinstance(settings, Mapping) else _told(settings)
    chosen = {**told, **instead}
    return DESTINATIONS[chosen["platform"]](name, chosen)


def _told(settings: Group) -> Mapping[str, Any]:
    return {
        one.name: getattr(settings, one.name) for one in dataclasses.fields(settings)
    }
