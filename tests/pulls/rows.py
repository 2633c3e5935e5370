"""Rows of each platform's API, the people made up; number n happened n seconds in."""

from datetime import UTC, datetime, timedelta
from typing import Any

SINCE = datetime(2026, 11, 1, tzinfo=UTC)


def at(number: int) -> datetime:
    return SINCE + timedelta(seconds=number)


def iso(number: int) -> str:
    return at(number).isoformat()


def mail(number: int) -> str:
    return f"reader.{number}@readers.example.com"


def shopify_order(number: int) -> dict[str, Any]:
    return {
        "id": 5_000_000 + number,
        "created_at": iso(number),
        "processed_at": iso(number),
        "financial_status": "paid",
        "test": False,
        "source_name": "web",
        "currency": "EUR",
        "total_price": f"{10 + number % 90}.50",
        "email": mail(number),
        "line_items": [
            {"variant_id": 7, "title": "Print", "quantity": 1, "price": "10.50"}
        ],
    }


def shopify_customer(number: int) -> dict[str, Any]:
    return {
        "id": 6_000_000 + number,
        "created_at": iso(number),
        "state": "enabled",
        "email": mail(number),
    }


def _naive(number: int) -> str:
    return f"{at(number):%Y-%m-%dT%H:%M:%S}"


def woo_order(number: int) -> dict[str, Any]:
    return {
        "id": 700 + number,
        "status": "processing",
        "currency": "EUR",
        "total": "29.35",
        "total_tax": "1.35",
        "date_created_gmt": _naive(number),
        "date_paid_gmt": _naive(number),
        "created_via": "checkout",
        "billing": {"email": mail(number), "first_name": "Ada"},
        "line_items": [
            {"product_id": 93, "variation_id": 0, "quantity": 2, "price": 3.5}
        ],
    }


def woo_customer(number: int) -> dict[str, Any]:
    return {
        "id": 25 + number,
        "date_created_gmt": _naive(number),
        "email": mail(number),
        "role": "customer",
    }


def stripe_event(number: int) -> dict[str, Any]:
    session = {
        "id": f"cs_live_{number}",
        "object": "checkout.session",
        "mode": "payment",
        "payment_status": "paid",
        "currency": "eur",
        "amount_total": 1250,
        "customer_details": {"email": mail(number)},
    }
    return {
        "id": f"evt_{number}",
        "object": "event",
        "type": "checkout.session.completed",
        "created": int(at(number).timestamp()),
        "livemode": True,
        "data": {"object": session},
    }


def big_order(number: int) -> dict[str, Any]:
    return {
        "id": 250 + number,
        "status_id": 11,
        "date_created": f"{at(number):%a, %d %b %Y %H:%M:%S} +0000",
    }


def space_order(number: int) -> dict[str, Any]:
    return {"id": f"5f{number:022x}", "createdOn": iso(number)}


def kit_person(number: int) -> dict[str, Any]:
    return {
        "id": 900 + number,
        "state": "active",
        "email_address": mail(number),
        "created_at": iso(number),
        "fields": {},
    }


def mailerlite_person(number: int) -> dict[str, Any]:
    return {
        "id": str(10**16 + number),
        "status": "active",
        "source": "form",
        "email": mail(number),
        "subscribed_at": f"{at(number):%Y-%m-%d %H:%M:%S}",
        "fields": {"name": "Ada"},
    }


def mailchimp_person(number: int) -> dict[str, Any]:
    return {
        "unique_email_id": f"{number:010x}",
        "email_address": mail(number),
        "status": "subscribed",
        "source": "Hosted Signup Form",
        "timestamp_opt": iso(number),
        "merge_fields": {"FNAME": "Ada", "ADDRESS": {"city": "Oulu"}},
    }


def paddle_transaction(number: int) -> dict[str, Any]:
    totals = {"subtotal": "1050", "discount": "0", "tax": "150", "total": "1200"}
    return {
        "id": f"txn_{number:05}",
        "status": "completed",
        "origin": "web",
        "customer_id": f"ctm_{number:05}",
        "currency_code": "EUR",
        "billed_at": iso(number),
        "details": {"totals": totals, "line_items": []},
    }


def paddle_customer(number: int) -> dict[str, Any]:
    made = {"id": f"ctm_{number:05}", "email": mail(number), "created_at": iso(number)}
    return {**made, "name": "Ada Lovelace", "import_meta": None}


def gumroad_sale(number: int) -> dict[str, Any]:
    return {
        "id": f"sale{number}==",
        "created_at": iso(number),
        "email": "account@readers.example.com",
        "purchase_email": mail(number),
        "price": 1050,
        "quantity": 1,
        "product_id": "p1==",
        "product_name": "Print",
        "product_permalink": "prnt",
        "custom_fields": {"price": "7", "pin_event_id": f"own-gum-{number}"},
    }


def ghost_member(number: int) -> dict[str, Any]:
    return {
        "id": f"64{number:022x}",
        "email": mail(number),
        "name": "Ada Lovelace",
        "status": "free",
        "created_at": f"{at(number):%Y-%m-%dT%H:%M:%S}.000Z",
    }


def kit_purchase(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "transaction_id": f"512-{number}",
        "status": "paid",
        "email_address": mail(number),
        "currency": "USD",
        "transaction_time": iso(number),
        "subtotal": 5,
        "discount": 0,
        "tax": 0,
        "total": 5,
        "products": [{"sku": "s", "name": "Tip", "quantity": 1, "unit_price": 5}],
    }
