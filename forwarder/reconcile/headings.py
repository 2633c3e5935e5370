"""What a column of an exported report means, by its heading.

Two shapes are read: one row per day and kind (date, event, count, value), and one
column per metric as the platform exports it, such as "Click-through conversions
(Checkout)" or "TOTAL_CLICK_CHECKOUT_VALUE_IN_MICRO_DOLLAR". A heading that stands
in no table here is never guessed at.

Source: names and display names of the platform's metrics (read 2026-11-21)
https://developers.pinterest.com/docs/api/v5/analytics-get_available_metrics_definitions
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from forwarder.core.event import Kind


class Role(StrEnum):
    """What a column holds."""

    DATE = "date"
    KIND = "event"
    COUNT = "conversions"
    VALUE = "value"
    CURRENCY = "currency"
    IGNORE = "ignore"


class Credit(StrEnum):
    """What the people counted in a column had done before."""

    CLICK = "click"
    ANY = "any interaction"
    OTHER = "view or engagement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The meaning of one column.

    Units: values in a column are `divisor` times the major unit. `kind` is None when
    another column names it; `currency` None when the heading names none.
    """

    role: Role
    kind: Kind | None = None
    credit: Credit = Credit.ANY
    web_only: bool = False
    divisor: int = 1
    currency: str | None = None


_ROLES = {
    Role.DATE: "date day datum tag fecha data dia día jour dato giorno dzień",
    Role.KIND: "event|event type|event name|kind|conversion type|ereignis|"
    "ereignistyp|evento|tipo de evento|événement|type d'événement|tipo di evento",
    Role.COUNT: "conversions|count|events|total|conversion count|total conversions|"
    "konversionen|conversiones|conversões|conversioni|anzahl|nombre",
    Role.VALUE: "value|revenue|order value|total order value|conversion value|amount|"
    "wert|umsatz|bestellwert|valor|valor del pedido|valor do pedido|valeur|"
    "valeur des commandes|valore|valore dell'ordine",
    Role.CURRENCY: "currency|währung|moneda|moeda|devise|valuta",
    Role.IGNORE: "ad account id|ad account name|advertiser id|spend|"
    "spend in account currency|spend in dollar|spend in micro dollar|impressions|"
    "reach|frequency|saves|engagements|pin clicks|outbound clicks|ctr|ctr (%)|cpm|"
    "cpc|cpa|roas|impression 1|clickthrough 1|ingestion source|source platform",
}
_SIMPLE = {
    alias: role
    for role, aliases in _ROLES.items()
    for alias in (aliases.split("|") if "|" in aliases else aliases.split())
}

_KINDS = {kind.value.replace("_", " "): kind for kind in Kind} | {
    "purchase": Kind.CHECKOUT,
    "purchases": Kind.CHECKOUT,
    "sign up": Kind.SIGNUP,
    "sign-up": Kind.SIGNUP,
    "signups": Kind.SIGNUP,
    "leads": Kind.LEAD,
    "kauf": Kind.CHECKOUT,
    "registrierung": Kind.SIGNUP,
    "compra": Kind.CHECKOUT,
    "registro": Kind.SIGNUP,
    "achat": Kind.CHECKOUT,
    "inscription": Kind.SIGNUP,
    "acquisto": Kind.CHECKOUT,
}

_SHOWN = re.compile(
    r"(?:total )?(?P<web>web )?"
    r"(?P<how>click-through |click |view-through |view |engagement )?"
    r"(?:(?P<count>conversions)|(?P<value>order value|conversion value|value)) "
    r"\((?P<kind>[a-z -]+)\)"
)
_NAMED = re.compile(
    r"total_(?P<web>web_)?(?P<how>click_|view_|engagement_)?"
    r"(?P<kind>[a-z_]+?)(?P<value>_value_in_micro_dollar)?"
)
_CREDITS = {"": Credit.ANY, "click": Credit.CLICK, "click-through": Credit.CLICK}
_CURRENCY = re.compile(r"(?P<rest>.+?) ?[\[(](?P<code>[a-z]{3})[\])]")
_MAX_HEADING_CHARS = 60
_MAX_HEADING_DIGITS = 4


def column(heading: str) -> Column | None:
    """Return what a heading means; None when it is not known."""
    text = " ".join(heading.split()).casefold()
    simple = _SIMPLE.get(text.replace("_", " "))
    if simple is not None:
        return Column(role=simple)
    return _metric(text) or _with_currency(text)


def kind_of(text: str) -> Kind | None:
    """Return the kind that a cell or a heading names; None when it is not known."""
    return _KINDS.get(" ".join(text.replace("_", " ").split()).casefold())


def _metric(text: str) -> Column | None:
    found = _SHOWN.fullmatch(text) or _NAMED.fullmatch(text)
    kind = kind_of(found["kind"]) if found is not None else None
    if found is None or kind is None:
        return None
    how = (found["how"] or "").strip(" _")
    is_named = text.startswith("total_")
    return Column(
        role=Role.VALUE if found["value"] else Role.COUNT,
        kind=kind,
        credit=_CREDITS.get(how, Credit.OTHER),
        web_only=found["web"] is not None,
        divisor=1_000_000 if is_named and found["value"] else 1,
    )


def _with_currency(text: str) -> Column | None:
    """Read "Value (EUR)"; only a value may carry a currency."""
    found = _CURRENCY.fullmatch(text)
    if found is None or _SIMPLE.get(found["rest"]) is not Role.VALUE:
        return None
    return Column(role=Role.VALUE, currency=found["code"].upper())


def shown(heading: str) -> str:
    """Return a heading fit for a message: what looks like data is not repeated."""
    digits = sum(character.isdigit() for character in heading)
    is_data = "@" in heading or digits > _MAX_HEADING_DIGITS
    if is_data or len(heading) > _MAX_HEADING_CHARS:
        return "it looks like data: is the heading row missing?"
    return f'"{heading}"' if heading else "no heading"


def named(heading: str) -> str:
    """Return a heading fit for an option; HEADING where it looks like data."""
    return heading if shown(heading) == f'"{heading}"' else "HEADING"
