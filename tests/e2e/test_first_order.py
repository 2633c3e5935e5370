"""One order, the whole way, through real processes."""

import json

import pytest

from tests.e2e.box import Box
from tests.e2e.shops import Webhook, post_all

pytestmark = pytest.mark.slow


def test_one_signed_order_goes_the_whole_way(one_box: Box) -> None:
    order = Webhook("shopify", 424_242)
    one_box.start_all()

    told = post_all(one_box, [order])
    one_box.wait_until_drained(10)
    ledger = one_box.ledger(with_events=True)
    listed = json.loads(one_box.run("events", "list", "--json").stdout)

    assert (1, []) == (told.accepted, told.others)
    assert order.event_ids == [one["event"]["event_id"] for one in ledger["events"]]
    assert "checkout" == ledger["events"][0]["event"]["event_name"]
    assert order.event_ids == [one["event_id"] for one in listed["items"]]
    assert ("delivered", "", 1) == tuple(
        listed["items"][0][name] for name in ("status", "reason", "attempts")
    )
    assert [] == one_box.crashes()
