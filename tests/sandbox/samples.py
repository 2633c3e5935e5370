"""Events of invented people, as a forwarder would send them."""

from hashlib import sha256
from typing import Any

NOW_S = 1_795_000_000
EVENTS_URL = "/v5/ad_accounts/549755885175/events"
BEARER = {"Authorization": "Bearer pina_SANDBOX_TOKEN_1"}


class Clock:
    """A clock that only moves when told to."""

    def __init__(self) -> None:
        self.now_s = float(NOW_S)

    def __call__(self) -> float:
        return self.now_s


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def an_event(**changes: object) -> dict[str, Any]:
    """Return a minimal good event; a change to None still stands in it."""
    event: dict[str, Any] = {
        "event_name": "signup",
        "action_source": "web",
        "event_time": NOW_S - 60,
        "event_id": "s-1",
        "user_data": {
            "em": [hashed("ada@example.com")],
            "external_id": [hashed("cust_1")],
            "click_id": "dj0yJnU9made-up",
        },
    }
    return {**event, **changes}


def a_checkout(number: int = 1, **changes: object) -> dict[str, Any]:
    """Return a checkout with every customary field."""
    checkout = an_event(
        event_name="checkout",
        event_id=f"woocommerce:shop:{number}:checkout",
        event_source_url="https://shop.example.com/thanks?epik=dj0yJnU9made-up",
        opt_out=False,
        language="en",
        user_data={
            **{key: [hashed(f"{key}{number}")] for key in ("em", "ph", "fn", "ln")},
            **{key: [hashed(f"{key}{number}")] for key in ("ct", "st", "zp", "ge")},
            **{key: [hashed(f"{key}{number}")] for key in ("country", "db")},
            "external_id": [hashed(f"cust_{number}")],
            "hashed_maids": [hashed(f"maid_{number}")],
            "client_ip_address": "203.0.113.7",
            "client_user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
            "click_id": "dj0yJnU9made-up",
        },
        custom_data={
            "value": "24.60",
            "currency": "EUR",
            "content_ids": ["mug-1"],
            "contents": [
                {
                    "id": "mug-1",
                    "item_name": "Mug",
                    "item_brand": "Kiln",
                    "item_category": "Kitchen",
                    "item_price": "12.30",
                    "quantity": 2,
                }
            ],
            "num_items": 2,
            "order_id": str(number),
        },
    )
    return {**checkout, **changes}


def with_user(**changes: object) -> dict[str, Any]:
    event = an_event()
    return {**event, "user_data": {**event["user_data"], **changes}}


def with_custom(**changes: object) -> dict[str, Any]:
    return an_event(custom_data=changes)


def a_batch(*events: object) -> dict[str, Any]:
    return {"data": list(events)}
