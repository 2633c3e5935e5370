"""What the click log tells of a month: way, age, devices, and tokens that got lost."""

import json
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from forwarder.core.event import Kind
from forwarder.core.mirror import Allowed, Device, MirrorEvent, TagState
from forwarder.store import Store, mirror
from forwarder.store.our_columns import server_columns
from forwarder.store.report_clicks import ClickedCell, clicked_cells
from forwarder.store.schema import deliveries
from forwarder.store.schema_clicks import click_joins, clicks, link_audits
from tests.store.shop import NOW, an_event, take

DAY = timedelta(days=1)
WIDE = {"status": 302, "location": "https://shop.example.com/"}
END: dict[str, Any] = {"status": 200, "location": None}


def clicked(store: Store, number: int, **told: Any) -> None:  # noqa: ANN401
    """Let an order have followed a click."""
    at = NOW - told.get("ago", timedelta(hours=1))
    with store.write() as connection:
        delivery_id = connection.execute(
            sa.select(deliveries.c.id).where(deliveries.c.order_id == str(number))
        ).scalar_one()
        connection.execute(
            sa.insert(clicks).values(
                id=f"c{number}", slug=told["slug"], at=at, kind="human",
                device=told.get("device", Device.ANDROID).value, is_repeat=False,
                is_oversize=False, is_qr=False, arm=0, label="",
                is_landing=told.get("is_landing", False),
            )
        )  # fmt: skip
        connection.execute(
            sa.insert(click_joins).values(
                delivery_id=delivery_id, slug=told["slug"], campaign="", pin_id="",
                tier=told.get("tier", 1), clicked_at=at, first_slug=told["slug"],
                first_clicked_at=at, endpoint="my-shop", kind="checkout",
                order_id=str(number), is_repeat=False, occurred_at=NOW, joined_at=NOW,
            )
        )  # fmt: skip


def audited(store: Store, slug: str, *hops: dict[str, Any]) -> None:
    with store.write() as connection:
        connection.execute(
            sa.insert(link_audits).values(
                slug=slug, url="https://x.example", who="anna", asked_at=NOW,
                finished_at=NOW, verdict="ok", told=json.dumps({"hops": hops}),
            )
        )  # fmt: skip


def told(number: int, device: Device, tag: TagState) -> MirrorEvent:
    return MirrorEvent(
        endpoint="my-shop",
        kind=Kind.CHECKOUT,
        device=device,
        tag=tag,
        consent=Allowed.GRANTED,
        has_gpc=False,
        received_at=NOW,
        event_id=f"another-id-{number}",
        order_id=str(number),
    )


def test_orders_are_counted_by_their_way_age_and_devices(store: Store) -> None:
    take(store, *(an_event(number) for number in range(1, 7)))
    with store.write() as connection:
        connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.order_id != "6")
            .values(status="delivered", settled_at=NOW)
        )
    audited(store, "short", WIDE, END)
    audited(store, "long", WIDE, END)
    audited(store, "long", WIDE, WIDE, WIDE, END)  # the last one counts
    clicked(store, 1, slug="short")
    clicked(store, 2, slug="long", ago=8 * DAY, device=Device.IOS_SAFARI)
    clicked(store, 3, slug="long", is_landing=True)
    clicked(store, 4, slug="new", tier=3)
    clicked(store, 5, slug="short", tier=4)  # a discount code is no click
    clicked(store, 6, slug="short")  # was not taken
    mirror.add(
        store,
        [
            told(1, Device.ANDROID, TagState.ALIVE),
            told(2, Device.DESKTOP_CHROME, TagState.BLOCKED),
        ],
    )

    found = clicked_cells(store, "main", NOW - DAY, NOW + DAY)

    usual = {"kind": Kind.CHECKOUT, "n": 1, "n_tokenless": 0}
    alone = {"n_tag": 0, "n_placed": 0, "n_moved": 0, "is_late": False}
    android = {"device": Device.ANDROID}
    expected = [
        {**usual, **android, "hops": 1, "is_late": False, "n_tag": 1, "n_placed": 1,
         "n_moved": 0},
        {**usual, "device": Device.IOS_SAFARI, "hops": 3, "is_late": True,
         "n_tag": 0, "n_placed": 1, "n_moved": 1},
        {**usual, **android, **alone, "hops": 0},
        {**usual, **android, **alone, "hops": None, "n_tokenless": 1},
    ]  # fmt: skip
    made = [ClickedCell(**one) for one in expected]  # type: ignore[arg-type]
    assert sorted(made, key=repr) == sorted(found, key=repr)
    columns = server_columns(store, "main", NOW - DAY, NOW + DAY)
    assert [-1, -1, 0, 1, 1, 3] == sorted(columns.hops)


def test_without_audits_and_landings_no_way_is_known(store: Store) -> None:
    take(store, an_event(1))
    clicked(store, 1, slug="new")

    assert [-1] == list(server_columns(store, "main", NOW - DAY, NOW + DAY).hops)
