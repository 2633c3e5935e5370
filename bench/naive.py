"""The usual way, to be compared with: one Celery task per event, or celery-batches.

Imports nothing of the product, since celery-batches holds Celery back and lives in a
virtual environment of its own. Every event is read, mapped, hashed, posted and marked.
Run by `celery -A bench.naive worker`, with the three addresses in the environment.
"""

import json
import os
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, Final

import orjson
import psycopg
import requests
from celery import Celery

try:
    from celery_batches import Batches
except ModuleNotFoundError:  # only in its own environment
    Batches = None

EVENTS_URL: Final = "BENCH_EVENTS_URL"
REDIS_URL: Final = "BENCH_REDIS_URL"
MARKS_URL: Final = "BENCH_MARKS_URL"
WARM: Final = "warm"  # the queue that workers start with
WORK: Final = "work"  # the queue that is measured
BATCH: Final = 1_000
FLUSH_S: Final = 1
MARKS: Final = """
CREATE TABLE IF NOT EXISTS marks (event_id text PRIMARY KEY, status text NOT NULL)
"""
MARK: Final = "UPDATE marks SET status = 'delivered' WHERE event_id = ANY(%s)"
HASHED: Final = {
    "em": "email",
    "fn": "first_name",
    "ln": "last_name",
    "ct": "city",
    "st": "province_code",
    "zp": "zip",
    "country": "country_code",
}

app = Celery("bench-naive", broker=os.environ.get(REDIS_URL, "memory://"))
app.conf.update(
    task_ignore_result=True,
    task_default_queue=WARM,
    worker_redirect_stdouts=False,
    broker_connection_retry_on_startup=True,
)


def digest(text: str) -> str:
    return sha256(text.strip().lower().encode()).hexdigest()


def event_id(order: dict[str, Any]) -> str:
    return f"naive:{order['id']}"


def mapped(order: dict[str, Any]) -> dict[str, Any]:
    """Return Pinterest's event for a Shopify order, with as little care as one can."""
    address = order["billing_address"]
    known = {**address, "email": order["email"]}
    return {
        "event_name": "checkout",
        "action_source": "web",
        "event_time": int(datetime.fromisoformat(order["created_at"]).timestamp()),
        "event_id": event_id(order),
        "user_data": {
            **{key: [digest(known[name])] for key, name in HASHED.items()},
            "external_id": [digest(str(order["customer"]["id"]))],
            "client_ip_address": order["client_details"]["browser_ip"],
            "client_user_agent": order["client_details"]["user_agent"],
        },
        "custom_data": {
            "value": order["total_price"],
            "currency": order["currency"],
            "order_id": str(order["id"]),
            "content_ids": [str(item["variant_id"]) for item in order["line_items"]],
            "contents": [
                {
                    "id": str(item["variant_id"]),
                    "item_name": item["title"],
                    "quantity": item["quantity"],
                    "item_price": str(item["price"]),
                }
                for item in order["line_items"]
            ],
            "num_items": sum(item["quantity"] for item in order["line_items"]),
        },
    }


@cache
def marks() -> "psycopg.Connection[Any]":
    """Return the connection of this process, which stays open."""
    return psycopg.connect(os.environ[MARKS_URL], autocommit=True)


@cache
def session() -> requests.Session:
    """Return the session of this process: its connection stays open."""
    return requests.Session()


def mark(event_ids: Sequence[str]) -> None:
    marks().execute(MARK, (list(event_ids),))


def post(session_or_requests: Any, events: list[dict[str, Any]]) -> None:  # noqa: ANN401
    reply = session_or_requests.post(
        os.environ[EVENTS_URL],
        data=orjson.dumps({"data": events}),
        headers={"Authorization": "Bearer x", "Content-Type": "application/json"},
        timeout=20,
    )
    reply.raise_for_status()


@app.task(name="one")  # type: ignore[untyped-decorator]
def one(body: str) -> None:
    """Send one event by `requests.post`, as most do."""
    event = mapped(json.loads(body))
    post(requests, [event])
    mark([event["event_id"]])


@app.task(name="kept")  # type: ignore[untyped-decorator]
def kept(body: str) -> None:
    """Send one event over a connection that stays open."""
    event = mapped(json.loads(body))
    post(session(), [event])
    mark([event["event_id"]])


if Batches is not None:
    app.conf.worker_prefetch_multiplier = 0  # else a batch holds 8 events

    @app.task(  # type: ignore[untyped-decorator]
        name="many", base=Batches, flush_every=BATCH, flush_interval=FLUSH_S
    )
    def many(waiting: Sequence[Any]) -> None:
        """Send what celery-batches has gathered in one request."""
        events = [mapped(json.loads(request.args[0])) for request in waiting]
        post(session(), events)
        mark([event["event_id"] for event in events])
