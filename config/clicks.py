"""The settings of links and clicks, `GET /go/<slug>`."""

from dataclasses import dataclass, field
from typing import Literal

from config import checks
from config.values import told

Objection = Literal["no_share", "ignore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicks:
    """Links of our own, and how the clicks on them are followed; see docs/clicks.md."""

    allowed_hosts: tuple[str, ...] = field(
        default=(),
        metadata=told(
            "The hosts links may lead to: your shops. `*.shop.example.com` stands for "
            "all below it. Empty allows no link.",
            example="shop.example.com",
            check=checks.hosts,
        ),
    )
    param: str = field(
        default="pcid",
        metadata=told(
            "The parameter that carries the token of a click to the shop.",
            check=checks.parameter,
        ),
    )
    status: int = field(
        default=302,
        metadata=told(
            "How links redirect. Only 302: a browser that keeps a 301 would not come "
            "by again.",
            unit="HTTP status",
            check=checks.redirect,
        ),
    )
    utm_policy: Literal["incoming_wins", "link_wins", "fill_missing"] = field(
        default="incoming_wins",
        metadata=told(
            "Whose utm fields count where link and visitor both bring some: of each "
            "field the visitor's or the link's, or all of the visitor's if there is "
            "one. A link may say otherwise."
        ),
    )
    fallback_url: str = field(
        default="",
        metadata=told(
            "Where links lead that are over, and unknown ones while the database is "
            "down. Its host must be allowed. Empty answers 404.",
            example="https://shop.example.com/",
        ),
    )
    landing_origins: tuple[str, ...] = field(
        default=(),
        metadata=told(
            "The shops whose pages may post to `/c` when a visit begins there, scheme "
            "and host as a browser shows them. Empty switches it off.",
            example="https://shop.example.com",
            check=checks.origins,
        ),
    )
    window_days: int = field(
        default=30,
        metadata=told(
            "How long after a click an order may still belong to it.",
            unit="days",
            least=1,
            most=90,
        ),
    )
    model: Literal["last", "first"] = field(
        default="last",
        metadata=told(
            "To which click an order belongs that followed several: the last one "
            "before it or the first."
        ),
    )
    audit_every_days: int = field(
        default=7,
        metadata=told(
            "How often each open link is audited by itself; an alert tells of a "
            "change for the worse. 0 never does.",
            unit="days",
            most=90,
        ),
    )
    retention_days: int = field(
        default=90,
        metadata=told(
            "How long clicks of people stay. What they led to stays longer.",
            unit="days",
            least=7,
            most=400,
        ),
    )
    gpc: Objection = field(
        default="no_share",
        metadata=told(
            "What `Sec-GPC: 1` means: neither cookie nor token, or nothing. In some "
            "places it is a binding objection."
        ),
    )
    dnt: Objection = field(
        default="no_share", metadata=told("What `DNT: 1` means, likewise.")
    )
    require_consent: Literal["off", "eu", "all"] = field(
        default="off",
        metadata=told(
            "Whose consent a cookie needs: nobody's, that of visitors from the EU, "
            "EEA, Switzerland, the United Kingdom and unknown countries, or "
            "everybody's."
        ),
    )
    consent_cookie: str = field(
        default="pf_consent",
        metadata=told(
            "The cookie that tells of consent when it holds `granted`, `yes` or `1`.",
            check=checks.parameter,
        ),
    )
    country_header: str = field(
        default="",
        metadata=told(
            "The header in which the proxy in front tells the visitor's country.",
            example="CF-IPCountry",
            check=checks.header,
        ),
    )
    internal_networks: tuple[str, ...] = field(
        default=(),
        metadata=told(
            "Addresses whose clicks are your own and do not count.",
            example="203.0.113.0/24",
            check=checks.networks,
        ),
    )
