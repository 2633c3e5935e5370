"""The roll of shops: one word names the module, the address, the samples, the docs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from forwarder.core.source import Source
from forwarder.sources import (
    activecampaign,
    brevo,
    gumroad,
    kajabi,
    kit,
    lemonsqueezy,
    mailchimp,
    mailerlite,
    paddle,
    shopify,
    standard_webhooks,
    stripe,
    tally,
    thrivecart,
    typeform,
    woocommerce,
)

SOURCES: Final[Mapping[str, Source]] = MappingProxyType(
    {
        "activecampaign": activecampaign,
        "brevo": brevo,
        "gumroad": gumroad,
        "kajabi": kajabi,
        "kit": kit,
        "lemonsqueezy": lemonsqueezy,
        "mailchimp": mailchimp,
        "mailerlite": mailerlite,
        "paddle": paddle,
        "shopify": shopify,
        "standard_webhooks": standard_webhooks,
        "stripe": stripe,
        "tally": tally,
        "thrivecart": thrivecart,
        "typeform": typeform,
        "woocommerce": woocommerce,
    }
)

# Where the topic is not in the body: what `explain --topic` sets.
TOPIC_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "shopify": shopify.TOPIC_HEADER,
        "woocommerce": woocommerce.TOPIC_HEADER,
    }
)
