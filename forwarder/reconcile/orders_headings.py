"""What a column of an order export means, by its heading; most of them are not kept.

An export of orders is full of names and addresses. Only the columns named here are
read at all; every other cell is dropped with the file.

Source: order exports of Shopify, WooCommerce and Stripe (read 2026-11-21)
https://help.shopify.com/en/manual/fulfillment/managing-orders/exporting-orders
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from forwarder.core.ledger import OrderState


class OrderRole(StrEnum):
    """What a column of an order export is read for."""

    ORDER_ID = "order_id"
    TIME = "time"
    VALUE = "value"
    CURRENCY = "currency"
    STATUS = "status"
    CHANNEL = "channel"
    IGNORE = "ignore"


# The first alias that a file has counts: ids that webhooks carry come before names.
_ALIASES: Final = {
    OrderRole.ORDER_ID: "id|order id|order_id|orderid|order number|order no|order|"
    "payment intent id|paymentintent id|transaction id|bestellnummer|bestell-id|"
    "auftragsnummer|numéro de commande|número de pedido|numero ordine|name",
    OrderRole.TIME: "created at|created (utc)|created date (utc)|order date|order_date|"
    "date created|date_created|processed at|paid at|created|date|time|datum|"
    "bestelldatum|fecha|date de commande|data",
    OrderRole.VALUE: "total|order total amount|order total|order_total|total price|"
    "grand total|amount|value|gesamt|gesamtbetrag|betrag|importe|montant|importo",
    OrderRole.CURRENCY: "currency|order currency|order_currency|währung|moneda|devise|"
    "valuta",
    OrderRole.STATUS: "financial status|payment status|order status|order_status|"
    "status|state|zahlungsstatus|estado|statut|stato",
    OrderRole.CHANNEL: "source|source name|sales channel|channel|created via|"
    "created_via",
}
_STATES: Final = {
    OrderState.COUNTED: "paid partially_refunded partially-refunded completed complete "
    "processing succeeded captured fulfilled shipped bezahlt abgeschlossen",
    OrderState.REFUNDED: "refunded erstattet rückerstattet",
    OrderState.CANCELLED: "voided cancelled canceled storniert",
    OrderState.UNPAID: "pending unpaid authorized partially_paid expired on-hold "
    "on_hold failed draft checkout-draft pending_payment incomplete offen",
    OrderState.TEST: "test",
}
_KNOWN_STATES: Final = {
    word: state for state, words in _STATES.items() for word in words.split()
}
_OFFLINE: Final = frozenset(
    {"pos", "point of sale", "draft", "shopify_draft_order", "draft orders", "admin"}
)


def roles_of(
    headings: Sequence[str], by_hand: Mapping[str, str]
) -> dict[OrderRole, int]:
    """Return which column each role is read from; what was said by hand wins."""
    plain = [" ".join(heading.split()).casefold() for heading in headings]
    found: dict[OrderRole, int] = {}
    for role, aliases in _ALIASES.items():
        known = [plain.index(alias) for alias in aliases.split("|") if alias in plain]
        free = [index for index in known if headings[index] not in by_hand]
        if free:
            found[role] = free[0]
    for heading, word in by_hand.items():
        if heading in headings and word != OrderRole.IGNORE:
            found[OrderRole(word)] = headings.index(heading)
    return found


def state_of(text: str, by_hand: Mapping[str, OrderState]) -> OrderState | None:
    """Return what a status word means; None when it is not known."""
    word = "_".join(text.casefold().split()).removeprefix("wc-")
    if not word:
        return OrderState.COUNTED
    said = {name.casefold(): state for name, state in by_hand.items()}
    known = _KNOWN_STATES.get(word, _KNOWN_STATES.get(word.replace("_", "-")))
    return said.get(text.casefold(), known)


def is_offline(channel: str) -> bool:
    """Say whether an order came from where no browser is."""
    return " ".join(channel.split()).casefold() in _OFFLINE
