"""The demo's browsers: the truth adds up, and is the same every time."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from forwarder.cli.demo_browsers import browsers
from forwarder.core.delivery import Status
from forwarder.core.event import Kind
from forwarder.core.mirror import TagState
from forwarder.store.log import Line

OCTOBER = date(2026, 10, 1)


def line(number: int, status: Status = Status.DELIVERED, month: int = 10) -> Line:
    at = datetime(2026, month, 2, tzinfo=UTC) + timedelta(minutes=number)
    return Line(
        id=number,
        notice_id=number,
        event_id=f"shop:{number}:checkout",
        kind="checkout",
        source="shopify",
        endpoint="birch-and-clay",
        destination="main",
        status=status,
        reason="",
        message="",
        order_id=str(number),
        value_minor=2_500,
        currency="EUR",
        is_test=False,
        occurred_at=at,
        received_at=at,
        attempts=1,
        next_attempt_at=None,
        settled_at=at,
    )


def test_every_delivered_sale_of_the_month_stands_in_one_cell() -> None:
    lines = [line(n) for n in range(600)]

    told, truth = browsers(lines, OCTOBER)

    both, tag_only, server_only = truth[Kind.CHECKOUT].counts
    assert 600 == both + server_only
    assert 0 < tag_only < 20
    assert server_only == sum(truth[Kind.CHECKOUT].states.values())
    blocked = {one.order_id for one in told if one.tag is TagState.BLOCKED}
    assert len(blocked) == truth[Kind.CHECKOUT].states["blocked"]
    assert (told, truth) == browsers(lines, OCTOBER)


def test_what_was_given_back_later_is_part_of_the_truth() -> None:
    sales = [line(n) for n in range(40)]
    undone = [
        replace(line(n, Status.SKIPPED, month=11), kind=kind, order_id=str(n - 100))
        for n, kind in ((103, "refund"), (104, "cancel"), (999, "refund"))
    ]

    _, truth = browsers([*sales, *undone], OCTOBER)

    assert 2 == truth[Kind.CHECKOUT].returned


def test_other_months_and_refused_ones_belong_to_nobody() -> None:
    lines = [line(1, Status.REFUSED), line(2, month=9)]

    told, truth = browsers(lines, OCTOBER)

    assert {} == truth
    assert [Kind.PAGE_VISIT] == [one.kind for one in told]
