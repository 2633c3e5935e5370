"""The settings of the browser mirror, `POST /collect`."""

from dataclasses import dataclass, field

from config import checks
from config.values import told


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """The browser mirror: which pages may tell what the tag did; see docs/mirror.md."""

    allowed_origins: tuple[str, ...] = field(
        default=(),
        metadata=told(
            "The shops whose pages may post, scheme and host as a browser shows them. "
            '`"null"` admits sandboxed pages, such as custom pixels of Shopify. Empty '
            "switches the mirror off.",
            example="https://shop.example.com",
            check=checks.origins,
        ),
    )
    per_address_per_minute: int = field(
        default=60,
        metadata=told(
            "Events taken from one address; more are refused.",
            unit="events a minute",
            least=1,
            most=6000,
        ),
    )
    per_minute: int = field(
        default=6000,
        metadata=told(
            "Events taken from all addresses together, by each web process.",
            unit="events a minute",
            least=1,
            most=600_000,
        ),
    )
