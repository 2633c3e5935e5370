"""The settings of a destination and of a webhook address; there may be many."""

from dataclasses import dataclass, field
from typing import Literal

from config import checks
from config.values import Secret, Table, told

Choice = Literal["skip", "send"]
ListKind = Literal["signup", "lead", "subscribe", "contact", "custom"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationSettings:
    """One account at a platform that events are sent to."""

    platform: Literal["pinterest"] = field(
        metadata=told("The platform this account belongs to.", example="pinterest")
    )
    ad_account_id: str = field(
        metadata=told(
            "The ad account, as its number stands in the address of Ads Manager.",
            example="549755885175",
            check=checks.digits,
        )
    )
    token: Secret = field(
        metadata=told(
            "The access token of the Conversions API.",
            example="env:PINTEREST_TOKEN",
            check=checks.present,
        )
    )
    base_url: str = field(
        default="https://api.pinterest.com/v5",
        metadata=told(
            "Where the platform answers. The sandbox: http://127.0.0.1:PORT/v5",
            example="https://api.pinterest.com/v5",
            check=checks.platform_url,
        ),
    )
    test_mode: bool = field(
        default=False,
        metadata=told("Ask Pinterest to check events without counting them."),
    )
    identifier_candidates: Literal["strict", "wide"] = field(
        default="strict",
        metadata=told(
            "`wide` adds a second form of an identifier where its reading is in doubt "
            "(a postal code with letters, digits alone)."
        ),
    )
    external_id_case: Literal["lower", "keep"] = field(
        default="lower",
        metadata=told(
            "How customer ids are written before hashing. `keep` where the site's tag "
            "keeps upper case."
        ),
    )
    drop_reserved_domains: bool = field(
        default=True,
        metadata=told(
            "Leave out e-mail addresses at domains that nobody can own (example.com, "
            ".test, .invalid)."
        ),
    )
    max_event_age_h: int = field(
        default=168,
        metadata=told(
            "The oldest event the platform takes; older ones are skipped as too old.",
            unit="hours",
            least=1,
            most=24 * 90,
        ),
    )
    age_margin_s: int = field(
        default=600,
        metadata=told(
            "How long before that age an event is skipped: it must still arrive in "
            "time.",
            unit="seconds",
            least=0,
            most=86_400,
        ),
    )
    late_policy: Choice = field(
        default="send",
        metadata=told(
            "What to do with an event that arrives more than an hour after it "
            "happened: Pinterest counts it as offline then."
        ),
    )
    partner_name: str = field(
        default="",
        metadata=told(
            "The partner name, only if Pinterest gave you one.", example="ss-example"
        ),
    )
    max_batch: int = field(
        default=1000,
        metadata=told("Events in one request.", unit="events", least=1, most=1000),
    )
    rate_per_minute: int = field(
        default=5000,
        metadata=told(
            "Requests a minute at most; Pinterest allows 5,000 per ad account.",
            unit="requests",
            least=1,
            most=5000,
        ),
    )
    report_token: Secret = field(
        default=Secret(""),
        metadata=told(
            "An access token with the scope ads:read, for a daily snapshot of the "
            "platform's own reports; see docs/mirror.md. A Conversions API token of "
            "Ads Manager may send only. Empty pulls nothing.",
            example="env:PINTEREST_REPORT_TOKEN",
        ),
    )
    report_windows: str = field(
        default="30/30/1",
        metadata=told(
            "Attribution windows of those reports: click, engagement and view. "
            "Pinterest does not take every combination.",
            unit="days",
            check=checks.windows,
        ),
    )
    retry_messages: tuple[str, ...] = field(
        default=(),
        metadata=told(
            "Parts of Pinterest's error texts that mean `later` instead of `never`.",
            example="temporarily unavailable",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """One webhook address, `POST /hooks/<name>`, and how its notices are read."""

    source: str = field(
        metadata=told("Who sends here; see docs/sources/.", example="shopify")
    )
    mapping: Table = field(
        default=Table(),
        metadata=told(
            'Only with source = "declared": where a webhook\'s signature and fields '
            "are, as a table or in a file of its own; see docs/sources/declared.md.",
            example="cornershop.toml",
        ),
    )
    secrets: tuple[Secret, ...] = field(
        metadata=told(
            "The signing secrets, several while one is being replaced. For an "
            "unsigned source the last part of its address: at least 22 letters, "
            "digits, - or _.",
            example="env:SHOPIFY_SECRET",
        )
    )
    destination: str = field(
        metadata=told("The name of a destination above.", example="main")
    )
    event_id: str = field(
        default="{source}:{shop}:{order_id}:{kind}",
        metadata=told(
            "How the id is made that the browser tag may send too, made of {source}, "
            "{shop} (this endpoint), {order_id} and {kind}.",
            check=checks.event_id,
        ),
    )
    newsletter_kind: ListKind = field(
        default="signup",
        metadata=told("What a list sign-up or double opt-in counts as."),
    )
    form_kind: ListKind = field(
        default="lead", metadata=told("What a form that was filled in counts as.")
    )
    value_basis: Literal["total", "subtotal", "net"] = field(
        default="total",
        metadata=told(
            "Which amount is the value of an order; `net` is without tax and shipping."
        ),
    )
    zero_value: Literal["send", "omit", "skip"] = field(
        default="send",
        metadata=told(
            "Orders of 0: send them, omit the value, or skip them altogether."
        ),
    )
    unpaid_orders: Choice = field(
        default="skip",
        metadata=told("Orders that are not paid yet (cash on delivery, on hold)."),
    )
    offline_orders: Choice = field(
        default="skip",
        metadata=told("Point-of-sale, draft and imported orders."),
    )
    renewals: Choice = field(
        default="skip", metadata=told("Renewed subscriptions after the first payment.")
    )
    item_id: str = field(
        default="{variant_id}",
        metadata=told(
            "How an order line is named in the Pinterest catalogue, made of "
            "{variant_id}, {product_id} and {sku}.",
            check=checks.item_id,
        ),
    )
    country: str = field(
        default="",
        metadata=told(
            "The shop's country; national phone numbers are read by it.",
            unit="two letters",
            example="DE",
            check=checks.country,
        ),
    )
    time_zone: str = field(
        default="UTC",
        metadata=told(
            "Where the shop's own day begins; its months in the order ledger follow.",
            example="Europe/Berlin",
            check=checks.time_zone,
        ),
    )
    live: bool = field(
        default=True,
        metadata=told("`false` takes the shop platform's test mode, and only that."),
    )
    api_key: Secret = field(
        default=Secret(""),
        metadata=told(
            "The shop platform's API key: for what its webhook leaves out (Stripe: the "
            "order lines; Paddle: the customer; BigCommerce, Squarespace, HubSpot: "
            "nearly all), for `import-missing` and for `webhooks register`. "
            "WooCommerce: consumer key and secret with a colon between. Empty sends "
            "without it.",
            example="env:STRIPE_API_KEY",
        ),
    )
    api_url: str = field(
        default="",
        metadata=told(
            "Where the shop's API answers, if that is the shop's own address (Shopify, "
            "WooCommerce, Ghost) or another than usual (BigCommerce: "
            "https://api.bigcommerce.com/stores/HASH).",
            example="https://my-shop.myshopify.com",
            check=checks.api_url,
        ),
    )
    import_missing: Literal["off", "orders", "people", "all"] = field(
        default="off",
        metadata=told(
            "What is fetched from the shop's API once a day, to send what no webhook "
            "told: orders, people (subscribers, customers), or both. Needs `api_key`."
        ),
    )
    timestamp_tolerance_s: int = field(
        default=300,
        metadata=told(
            "How far a signed time may be from ours.",
            unit="seconds",
            least=1,
            most=3600,
        ),
    )
    legacy_signatures: bool = field(
        default=False,
        metadata=told(
            "Take signatures that hold no time, so that a copied webhook could be sent "
            "again (HubSpot v1 and v2)."
        ),
    )
    paused: bool = field(
        default=False,
        metadata=told("Answer 503, so that the shop tries again later."),
    )
