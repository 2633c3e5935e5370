"""The lines of a Stripe checkout session, which its webhook leaves out.

Limits: 10 pages of 100 lines, 1 MiB a page, 3 s to connect and 10 s to answer.
Source: https://docs.stripe.com/api/checkout/sessions/line_items (read 2026-11-21)
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

import requests

from forwarder.core import reading as read
from forwarder.core.choices import item_id
from forwarder.core.delivery import Deferred
from forwarder.core.event import Event, Item, Order, Unreadable
from forwarder.core.money import STRIPE_EXPONENTS, amount, from_minor
from forwarder.core.source import Options

BASE_URL: Final = "https://api.stripe.com"
TIMEOUT_S: Final = (3, 10)
MAX_PAGES: Final = 10
MAX_BODY_BYTES: Final = 1 << 20
MAX_WAIT_S: Final = 3600.0

OK: Final = 200
TOO_MANY: Final = 429
SERVER_ERROR_FROM: Final = 500
NEVER: Final[Mapping[int, str]] = {
    401: "line items not fetched: Stripe does not know the API key",
    403: "line items not fetched: the API key may not read checkout sessions",
    404: "line items not fetched: Stripe does not know the session",
}

Json = Mapping[str, object]

_SESSION = re.compile(r"cs_[A-Za-z0-9_]{1,250}")


def look_up(
    event: Event,
    api_key: str,
    session: requests.Session,
    base_url: str = BASE_URL,
    template: str = "{variant_id}",
) -> Event | Deferred | str:
    """Return the event with its order lines, or why not now, or why never.

    `template` is the endpoint's `item_id`. Never raises; the key is never shown.
    """
    session_id = event.enrich_ref or ""
    if not _SESSION.fullmatch(session_id):
        return "line items not fetched: the session has no usable id"
    url = f"{base_url}/v1/checkout/sessions/{session_id}/line_items"
    lines: list[Json] = []
    for _ in range(MAX_PAGES):
        page = _page(session, url, api_key, lines)
        if not isinstance(page, dict):
            return page
        fresh = read.records(page.get("data"))
        lines += fresh
        if page.get("has_more") is not True or not fresh:
            break
    options = Options(shop="", item_id=template)
    items = tuple(_item(line, options) for line in lines)
    order = replace(event.order or Order(), items=items)
    return replace(event, order=order, enrich=None, enrich_ref=None)


def _page(
    session: requests.Session, url: str, api_key: str, so_far: list[Json]
) -> dict[str, object] | Deferred | str:
    params = {"limit": "100"}
    last_id = read.text(so_far[-1].get("id")) if so_far else None
    if last_id is not None:
        params["starting_after"] = last_id
    try:
        with session.get(
            url,
            params=params,
            headers={"Authorization": f"Bearer {api_key}".encode()},
            timeout=TIMEOUT_S,
            allow_redirects=False,
            stream=True,
        ) as reply:
            return _read(reply)
    except requests.RequestException as failure:
        return Deferred("network", type(failure).__name__, counts=False)


def _read(reply: requests.Response) -> dict[str, object] | Deferred | str:
    """Classify one answer; only a whole and small 200 is looked into."""
    if reply.status_code != OK:
        return _failure(reply)
    body = _body(reply)
    if body is None:
        return "line items not fetched: the answer is too large"
    try:
        return read.read_object(body)
    except Unreadable:
        return Deferred("server_error", "Stripe's answer is not JSON")


def _failure(reply: requests.Response) -> Deferred | str:
    status = reply.status_code
    if status == TOO_MANY:
        return Deferred("rate_limited", retry_after_s=_wait_s(reply), counts=False)
    if status >= SERVER_ERROR_FROM:
        return Deferred("server_error", f"Stripe answered {status}")
    return NEVER.get(status, f"line items not fetched: Stripe answered {status}")


def _body(reply: requests.Response) -> bytes | None:
    body = b""
    for chunk in reply.iter_content(1 << 16):
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return body


def _wait_s(reply: requests.Response) -> float | None:
    wanted = amount(reply.headers.get("Retry-After"))
    return None if wanted is None else min(max(float(wanted), 1.0), MAX_WAIT_S)


def _item(line: Json, options: Options) -> Item:
    price = read.record(line.get("price"))
    product = price.get("product")
    names = {
        "variant_id": read.text(price.get("id")),
        "product_id": read.first(product, read.at(product, "id")),
        "sku": read.text(price.get("lookup_key")),
    }
    return Item(
        id=item_id(options, names),
        name=read.text(line.get("description")),
        quantity=read.whole(line.get("quantity")),
        price=_unit_price(line, price),
    )


def _unit_price(line: Json, price: Json) -> Decimal | None:
    """Return the price of one before discount; a chosen amount has no unit price."""
    code = price.get("currency", line.get("currency"))
    unit = from_minor(price.get("unit_amount"), code, STRIPE_EXPONENTS)
    if unit is not None:
        return unit.amount
    whole = from_minor(line.get("amount_subtotal"), code, STRIPE_EXPONENTS)
    quantity = read.whole(line.get("quantity"))
    if whole is None or quantity is None or quantity < 1:
        return None
    return round(whole.amount / quantity, 4)
