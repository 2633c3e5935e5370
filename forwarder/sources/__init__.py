"""The roll of shops: one word names the module, the address, the samples, the docs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from forwarder.core.source import Source
from forwarder.sources import (
    activecampaign,
    beehiiv,
    bigcommerce,
    brevo,
    flodesk,
    ghost,
    gumroad,
    hubspot,
    kajabi,
    kit,
    klaviyo,
    lemonsqueezy,
    mailchimp,
    mailerlite,
    paddle,
    segment,
    shopify,
    squarespace,
    standard_webhooks,
    stripe,
    tally,
    teachable,
    thrivecart,
    typeform,
    woocommerce,
    zapier,
)

SOURCES: Final[Mapping[str, Source]] = MappingProxyType(
    {
        "activecampaign": activecampaign,
        "beehiiv": beehiiv,
        "bigcommerce": bigcommerce,
        "brevo": brevo,
        "flodesk": flodesk,
        "ghost": ghost,
        "gumroad": gumroad,
        "hubspot": hubspot,
        "kajabi": kajabi,
        "kit": kit,
        "klaviyo": klaviyo,
        "lemonsqueezy": lemonsqueezy,
        "mailchimp": mailchimp,
        "mailerlite": mailerlite,
        "paddle": paddle,
        "segment": segment,
        "shopify": shopify,
        "squarespace": squarespace,
        "standard_webhooks": standard_webhooks,
        "stripe": stripe,
        "tally": tally,
        "teachable": teachable,
        "thrivecart": thrivecart,
        "typeform": typeform,
        "woocommerce": woocommerce,
        "zapier": zapier,
    }
)

# Where the topic is not in the body: what `explain --topic` sets.
TOPIC_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "shopify": shopify.TOPIC_HEADER,
        "woocommerce": woocommerce.TOPIC_HEADER,
    }
)
