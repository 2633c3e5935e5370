"""Look-ups that fill in what a webhook leaves out, by the word of the source.

Each takes the thin event, the endpoint's options and a session, and returns the same
event with more in it. Raises: NoAnswer, when the platform does not say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

import requests

from forwarder.asking import NoAnswer
from forwarder.core.bucket import Bucket
from forwarder.core.delivery import Deferred
from forwarder.core.event import Event
from forwarder.core.source import Options
from forwarder.enrich import (
    bigcommerce,
    hubspot,
    paddle_customer,
    squarespace_order,
    stripe_line_items,
)

BURST_S: Final = 10.0


class Fill(Protocol):
    """One source's look-up."""

    def __call__(
        self, event: Event, options: Options, session: requests.Session
    ) -> Event:
        """Return the fuller event. Raises: NoAnswer."""


@dataclass(frozen=True, slots=True)
class Step:
    """A look-up, and how often a minute one key may be used for it.

    Each makes up to three calls; the platforms allow several times as many.
    """

    fill: Fill
    per_minute: int


STEPS: Final[Mapping[str, Step]] = MappingProxyType(
    {
        "bigcommerce": Step(bigcommerce.fill, 120),  # 150 calls in 30 s
        "hubspot": Step(hubspot.fill, 240),  # 100 calls in 10 s
        "paddle": Step(paddle_customer.fill, 100),  # 240 calls a minute
        "squarespace": Step(squarespace_order.fill, 240),  # 300 calls a minute
        "stripe": Step(stripe_line_items.fill, 600),  # 25 calls a second
    }
)


def look_up(
    source: str, options: Options, session: requests.Session
) -> Callable[[Event], Event | Deferred | str]:
    """Return what fills in the thin events of one endpoint, at its platform's pace.

    Shape: the fuller event, or why not now, or a sentence why never.
    """
    step = STEPS[source]
    bucket = Bucket(step.per_minute, burst_s=BURST_S)

    def ask(event: Event) -> Event | Deferred | str:
        wait_s = bucket.take()
        if wait_s:
            return Deferred("rate_limited", retry_after_s=wait_s, counts=False)
        try:
            return step.fill(event, options, session)
        except NoAnswer as none:
            return none.outcome

    return ask
