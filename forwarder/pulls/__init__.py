"""What happened at a platform, asked for afterwards: for webhooks that never came.

Each pull gives notices as the platform's own webhooks would have told them, so that the
same adapter reads them, with the same event ids and the true times. Raises: NoAnswer.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from forwarder.pulls import (
    bigcommerce,
    ghost,
    gumroad,
    kit,
    mailchimp,
    mailerlite,
    paddle,
    shopify,
    squarespace,
    stripe,
    woocommerce,
)
from forwarder.pulls.access import Access, Pull

__all__ = ["ALL", "ORDERS", "PEOPLE", "PULLS", "Access", "Pull"]

ORDERS: Final = "orders"
PEOPLE: Final = "people"
ALL: Final = "all"

PULLS: Final[Mapping[str, Mapping[str, Pull]]] = MappingProxyType(
    {
        "bigcommerce": {ORDERS: bigcommerce.orders, PEOPLE: bigcommerce.people},
        "ghost": {PEOPLE: ghost.people},
        "gumroad": {ORDERS: gumroad.orders},
        "kit": {ORDERS: kit.orders, PEOPLE: kit.people},
        "mailchimp": {PEOPLE: mailchimp.people},
        "mailerlite": {PEOPLE: mailerlite.people},
        "paddle": {ORDERS: paddle.orders, PEOPLE: paddle.people},
        "shopify": {ORDERS: shopify.orders, PEOPLE: shopify.people},
        "squarespace": {ORDERS: squarespace.orders},
        "stripe": {ORDERS: stripe.orders, PEOPLE: stripe.people},
        "woocommerce": {ORDERS: woocommerce.orders, PEOPLE: woocommerce.people},
    }
)
