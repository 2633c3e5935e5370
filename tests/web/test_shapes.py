from forwarder.core.delivery import Deferred
from forwarder.core.event import Kind
from forwarder.store import log
from forwarder.store.log import Filter
from forwarder.store.story import show
from forwarder.web.shapes import line_json, page_json, story_json
from tests.web.console_desk import Desktop, event_of


def test_a_line_has_the_fields_that_scripts_read(full: Desktop) -> None:
    line = log.list_deliveries(full.store, Filter(order_id="1001")).lines[0]

    assert {
        "event_id": "shopify:my-shop:1:checkout",
        "kind": "checkout",
        "source": "shopify",
        "endpoint": "my-shop",
        "destination": "main",
        "status": "delivered",
        "reason": "",
        "order_id": "1001",
        "occurred_at": "2026-11-21T11:59:00Z",
        "received_at": "2026-11-21T12:00:00Z",
        "attempts": 1,
        "next_attempt_at": None,
        "settled_at": "2026-11-21T12:00:00Z",
        "id": 1,
        "message": "",
        "value": "20.90",
        "currency": "EUR",
        "is_test": False,
    } == line_json(line)


def test_a_line_without_an_order_has_no_value(desktop: Desktop) -> None:
    desktop.take(event_of(1, Kind.SIGNUP, order=None))
    line = line_json(log.list_deliveries(desktop.store, Filter()).lines[0])

    assert (None, None, None) == (line["order_id"], line["value"], line["currency"])


def test_the_cursor_of_a_page_leads_to_the_next_and_ends_in_null(full: Desktop) -> None:
    first = page_json(log.list_deliveries(full.store, Filter(), 5))
    rest = Filter(before_id=first["next"])
    second = page_json(log.list_deliveries(full.store, rest, 5))

    assert [9, 8, 7, 6, 5] == [item["id"] for item in first["items"]]
    assert [4, 3, 2, 1] == [item["id"] for item in second["items"]]
    assert second["next"] is None


def test_a_story_tells_notice_payload_and_history(desktop: Desktop) -> None:
    desktop.take(event_of(1))
    desktop.drain(Deferred("network", "no route", 60.0))
    story = show(desktop.store, 1)
    assert story is not None
    told = story_json(story)

    assert {
        "id": 1,
        "endpoint": "my-shop",
        "source": "shopify",
        "status": "accepted",
        "reason": "",
        "received_at": "2026-11-21T12:00:00Z",
        "duplicates": 0,
        "is_conflict": False,
        "conflict_notice": None,
        "is_kept": True,
    } == told["notice"]
    assert [
        {
            "at": "2026-11-21T12:00:00Z",
            "http_status": 401,
            "outcome": "deferred",
            "reason": "network",
            "message": "no route",
            "duration_ms": 132,
            "batch_size": 1,
            "mode": "auto",
            "request_id": "rid-0001",
            "batch": 1,
        }
    ] == told["history"]
    assert "***" == told["payload"]["user_data"]["client_ip_address"]
    assert [{"field": "phone", "reason": "phone_no_country"}] == told["dropped"]
    assert ([], True) == (told["warnings"], told["is_person_kept"])
