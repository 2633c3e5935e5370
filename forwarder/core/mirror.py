"""What a browser tells of the tag beside an event, in words every floor shares."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from forwarder.core.event import Kind


class TagState(StrEnum):
    """How the platform's own script was when the event happened."""

    ALIVE = "alive"  # it took the event
    BLOCKED = "blocked"  # it ended without life: an error, or nothing within the wait
    LATE = "late"  # still on its way when the page was left or the wait was over
    ABSENT = "absent"  # nobody put it on the page


class Allowed(StrEnum):
    """What the person allowed on this page."""

    GRANTED = "granted"
    DENIED = "denied"
    UNKNOWN = "unknown"  # nothing on the page answers the question


class Device(StrEnum):
    """The classes of browsers whose blocking differs; all that is kept of an agent."""

    DESKTOP_CHROME = "desktop_chrome"
    DESKTOP_SAFARI = "desktop_safari"
    DESKTOP_OTHER = "desktop_other"
    IOS_SAFARI = "ios_safari"
    IOS_OTHER = "ios_other"
    ANDROID = "android"
    IN_APP = "in_app"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorEvent:
    """One event as one browser saw it.

    Shape: no id, order and value when the person did not allow them; None likewise
    when the page did not tell. Units: `value_minor` in the smallest unit of
    `currency`. `received_at` is ours: the browser's clock is not believed.
    """

    endpoint: str
    kind: Kind
    device: Device
    tag: TagState
    consent: Allowed
    has_gpc: bool
    received_at: datetime
    event_id: str | None = None
    order_id: str | None = None
    value_minor: int | None = None
    currency: str | None = None


_KINDS: Final = {kind.value.replace("_", ""): kind for kind in Kind} | {
    "purchase": Kind.CHECKOUT
}
# The first that fits counts: browsers put the names of their rivals into their agents.
_DEVICES: Final = tuple(
    (re.compile(pattern, re.DOTALL), device)
    for pattern, device in (
        (
            r"\[Pinterest/|Pinterest for |FBA[NV]|Instagram|TikTok|Snapchat|wv\)|GSA/",
            Device.IN_APP,
        ),
        (r"iP(?:hone|ad).*Version/.*Safari/", Device.IOS_SAFARI),
        (r"iPhone|iPad", Device.IOS_OTHER),
        (r"Android", Device.ANDROID),
        (r"Edg|OPR/|Vivaldi|YaBrowser", Device.DESKTOP_OTHER),
        (r"Chrome/", Device.DESKTOP_CHROME),
        (r"Macintosh.*Version/", Device.DESKTOP_SAFARI),
        (r"Mozilla/", Device.DESKTOP_OTHER),
    )
)


def kind_of_tag(name: object) -> Kind | None:
    """Return the kind that a tag's event name means; None for one it has not."""
    if not isinstance(name, str):
        return None
    return _KINDS.get(name.replace("_", "").replace("-", "").casefold())


def device_of(user_agent: str) -> Device:
    """Return the class of a browser by its agent."""
    for pattern, device in _DEVICES:
        if pattern.search(user_agent):
            return device
    return Device.UNKNOWN
