"""Pinterest: our events in its words, its replies in ours.

One rule per identifier (`fields`), one document per event (`payload`), one table of
replies (`replies`); `sender` puts them on the wire. Facts and choices are listed in
docs/destinations/pinterest.md.
"""

from collections.abc import Mapping
from typing import Any

from forwarder.destinations.pinterest.payload import unmask
from forwarder.destinations.pinterest.sender import PinterestDestination
from forwarder.destinations.pinterest.settings import PinterestSettings, read_settings

__all__ = ["PinterestDestination", "PinterestSettings", "build", "unmask"]


def build(name: str, settings: Mapping[str, Any]) -> PinterestDestination:
    """Return the destination; words that are not Pinterest's are left alone.

    Raises: ValueError naming the setting that cannot be used.
    """
    return PinterestDestination(name, read_settings(settings))
