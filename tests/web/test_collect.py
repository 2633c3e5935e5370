"""What a browser may tell, and what is made of it."""

import gzip
from datetime import timedelta
from typing import Any

import orjson
import pytest
from werkzeug.test import TestResponse

from forwarder.core.event import Kind
from forwarder.core.mirror import Allowed, Device, MirrorEvent, TagState
from tests.web.collector import SHOP, Collector
from tests.web.console_desk import NOW

ADDRESS = "198.51.100.7"
AGENT = "Mozilla/5.0 (Linux; Android 16; K) Chrome/142.0.0.0 Mobile Safari/537.36"
TOLD = {
    "shop": "my-shop",
    "event": "Checkout",
    "event_id": "shopify:my-shop:1001:checkout",
    "order_id": "1001",
    "value": "29.35",
    "currency": "eur",
    "tag": "blocked",
    "consent": "granted",
    "gpc": False,
}


def post(collector: Collector, body: Any = TOLD, **headers: str) -> TestResponse:  # noqa: ANN401
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return (
        collector.app()
        .test_client()
        .post(
            "/collect",
            data=data,
            content_type="text/plain;charset=UTF-8",
            headers={"Origin": SHOP, "User-Agent": AGENT, **headers},
            environ_base={"REMOTE_ADDR": ADDRESS},
        )
    )


def test_an_event_is_taken_without_content() -> None:
    collector = Collector()
    answer = post(collector)

    assert (204, b"", SHOP) == (
        answer.status_code,
        answer.data,
        answer.headers["Access-Control-Allow-Origin"],
    )
    assert "Set-Cookie" not in answer.headers
    assert [
        MirrorEvent(
            endpoint="my-shop",
            kind=Kind.CHECKOUT,
            device=Device.ANDROID,
            tag=TagState.BLOCKED,
            consent=Allowed.GRANTED,
            has_gpc=False,
            received_at=NOW,
            event_id="shopify:my-shop:1001:checkout",
            order_id="1001",
            value_minor=2935,
            currency="EUR",
        )
    ] == collector.taken


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        ({"consent": "denied"}, {}),
        ({"gpc": True}, {}),
        ({}, {"Sec-GPC": "1"}),
    ],
)
def test_without_consent_only_the_count_is_kept(
    change: dict[str, object], headers: dict[str, str]
) -> None:
    collector = Collector()
    post(collector, TOLD | change, **headers)

    event = collector.taken[0]
    assert (None, None, None, None) == (
        event.event_id,
        event.order_id,
        event.value_minor,
        event.currency,
    )
    assert TagState.BLOCKED is event.tag


def test_words_that_nobody_knows_claim_nothing() -> None:
    collector = Collector()
    post(collector, TOLD | {"tag": "splendid", "consent": 3, "order_id": 1001})
    post(collector, TOLD | {"event_id": "x" * 300, "value": "much", "order_id": True})

    first, second = collector.taken
    assert (TagState.LATE, Allowed.UNKNOWN, "1001") == (
        first.tag,
        first.consent,
        first.order_id,
    )
    assert (None, None, None) == (second.event_id, second.value_minor, second.order_id)


def test_an_address_in_an_id_is_hashed_as_in_the_log() -> None:
    collector = Collector()
    post(collector, TOLD | {"order_id": "ada@example.org-7"})

    assert "ada" not in repr(collector.taken)
    assert str(collector.taken[0].order_id).startswith("sha256:")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (TOLD, {"Origin": "https://elsewhere.example"}, 403),
        (TOLD, {"Origin": "null"}, 403),
        (TOLD | {"event": "dance"}, {}, 400),
        (TOLD | {"shop": "other"}, {}, 400),
        ([TOLD], {}, 400),
        (b"event=checkout", {}, 400),
        (b"", {}, 411),
        (b"[" * 5000, {}, 413),
    ],
)
def test_what_is_not_for_us_is_refused(
    body: object, headers: dict[str, str], status: int
) -> None:
    collector = Collector()
    answer = post(collector, body, **headers)

    assert (status, []) == (answer.status_code, collector.taken)


def test_sandboxed_pages_are_taken_where_the_settings_say_so() -> None:
    collector = Collector(origins=frozenset({"null"}))

    assert 204 == post(collector, Origin="null").status_code


def test_without_origins_the_mirror_is_off_and_says_so() -> None:
    answer = post(Collector(origins=frozenset()))

    assert (403, True) == (answer.status_code, "the mirror is off" in answer.text)


def test_a_body_of_unknown_length_is_refused() -> None:
    collector = Collector()
    answer = (
        collector.app()
        .test_client()
        .post("/collect", headers={"Origin": SHOP, "Transfer-Encoding": "chunked"})
    )

    assert (411, []) == (answer.status_code, collector.taken)


def test_one_address_is_limited_until_the_next_minute() -> None:
    collector = Collector(per_address=2)
    client = collector.app().test_client()

    def status(address: str = ADDRESS) -> int:
        return client.post(
            "/collect",
            data=orjson.dumps(TOLD),
            headers={"Origin": SHOP},
            environ_base={"REMOTE_ADDR": address},
        ).status_code

    assert [204, 204, 429, 429] == [status() for _ in range(4)]
    assert 204 == status("198.51.100.8")
    collector.clock.now += timedelta(minutes=1)
    assert 204 == status()


def test_all_addresses_together_are_limited() -> None:
    collector = Collector(per_minute=2)
    client = collector.app().test_client()
    statuses = [
        client.post(
            "/collect",
            data=orjson.dumps(TOLD),
            headers={"Origin": SHOP},
            environ_base={"REMOTE_ADDR": f"198.51.100.{n}"},
        ).status_code
        for n in range(4)
    ]

    assert [204, 204, 429, 429] == statuses


def test_a_full_queue_is_told() -> None:
    answer = post(Collector(has_room=False))

    assert (503, "60") == (answer.status_code, answer.headers["Retry-After"])


def test_the_script_is_small_cached_and_conditional() -> None:
    client = Collector().app().test_client()
    plain = client.get("/static/mirror.js")
    packed = client.get("/static/mirror.js", headers={"Accept-Encoding": "gzip"})

    assert "gzip" == packed.headers["Content-Encoding"]
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < 2048
    assert "max-age=3600" in plain.headers["Cache-Control"]
    assert "cross-origin" == plain.headers["Cross-Origin-Resource-Policy"]
    again = client.get(
        "/static/mirror.js", headers={"If-None-Match": plain.headers["ETag"]}
    )
    assert (304, b"") == (again.status_code, again.data)
