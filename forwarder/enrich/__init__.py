"""Look-ups that fill in what a webhook leaves out, by the word of the source.

Each takes the thin event, `api_key` and `session`, and answers with the same event with
more in it, with `Deferred` (not now), or with a sentence why it never will.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol

import requests

from forwarder.core.delivery import Deferred
from forwarder.core.event import Event
from forwarder.enrich import paddle_customer, stripe_line_items


class LookUp(Protocol):
    """One source's look-up."""

    def __call__(
        self, event: Event, api_key: str, session: requests.Session
    ) -> Event | Deferred | str:
        """Return the fuller event, or why not now, or why never. Never raises."""


LOOK_UPS: Final[Mapping[str, LookUp]] = MappingProxyType(
    {"paddle": paddle_customer.look_up, "stripe": stripe_line_items.look_up}
)
