"""What clicks prove: ways, tokens, devices; and what the mirror proves of it all."""

from dataclasses import replace

import pytest

from forwarder.core.pairs import Joined
from forwarder.core.reports import Level, Measures
from forwarder.reconcile.as_json import as_json
from forwarder.reconcile.cause import COOKIE, DEVICES, ROUTE, Cause, Certainty
from forwarder.reconcile.comparison import Comparison
from forwarder.reconcile.document import Document
from forwarder.reconcile.evidence import SeenCell, Share
from forwarder.reconcile.rendering import rendered
from forwarder.reconcile.report import build_report
from forwarder.reconcile.systematic import DOUBLE_COUNT, ROUTING, Part
from forwarder.reconcile.systematic import Evidence as Status
from tests.reconcile.mirrored import beside, cell, paired_month, server_side
from tests.reconcile.test_report import LATER, sales, tag

MONTH = paired_month(20, 1, 6, 2)


def seen(n: int, n_tag: int, **changes: object) -> SeenCell:
    usual = SeenCell(
        device="android", is_safari=False, multi_hop=False, is_late=False, n=n,
        n_tag=n_tag,
    )  # fmt: skip
    return replace(usual, **changes)  # type: ignore[arg-type]


ROUTES = (
    seen(100, 90),
    seen(100, 60, multi_hop=True),
    seen(40, 10, multi_hop=None),  # nobody audited that link
    seen(50, 20, device="ios_safari", is_safari=True, is_late=True),
    seen(50, 40, device="ios_safari", is_safari=True),
    seen(50, 45, is_late=True),
)


def attributed(**evidence: object) -> tuple[Comparison, Document]:
    report = build_report(
        "2026-10", server_side(MONTH), [tag([14] * 31)], LATER, None,
        beside(MONTH, **evidence),
    )  # fmt: skip
    found = next(c for c in report.comparisons if c.level is Level.ATTRIBUTION)
    return found, Document(report=report, past={})


def cause(c: Comparison, name: str) -> Cause:
    return next(one for one in c.causes if one.name == name)


def test_several_hops_are_contrasted_with_one_on_the_same_device() -> None:
    c, _ = attributed(routes=ROUTES, token_losses=Share(n=12, of=140))

    found = cause(c, ROUTE)
    assert Certainty.ESTIMATE is found.certainty
    assert found.low < 30 < found.high
    assert 29 < found.n < 31
    assert "12 of 140 had lost the click's token on the way" in found.evidence


def test_the_cookie_cap_is_what_safari_loses_beyond_the_others() -> None:
    found = cause(attributed(routes=ROUTES)[0], COOKIE)

    assert Certainty.ESTIMATE is found.certainty
    assert found.low < found.n < found.high
    assert 29 < found.n < 33  # (0.79 - 0.40 + 0.89 - 0.64) of 50


@pytest.mark.parametrize("name", [ROUTE, COOKIE])
def test_what_is_missing_is_named(name: str) -> None:
    nobody = cause(attributed()[0], name)
    clicks = cause(attributed(token_losses=Share(n=1, of=9))[0], name)

    assert ("no click was logged", "use click links") == (
        nobody.evidence,
        nobody.remedy,
    )
    assert "no browser was asked; 1 of 9" in clicks.evidence
    assert "switch on the mirror" == clicks.remedy


def test_purchases_on_another_device_bound_the_credit_across_devices() -> None:
    few = cause(attributed(cross_device=Share(n=2, of=400))[0], DEVICES)
    many = cause(attributed(cross_device=Share(n=80, of=400))[0], DEVICES)

    assert "2 of 400" in few.evidence
    assert many.low < few.low < 0 == few.high
    assert many.low == pytest.approx(-0.242 * 434, rel=0.02)


def test_the_ways_stand_in_every_form() -> None:
    _, made = attributed(routes=ROUTES)

    lines = [one for found in as_json(made) for one in found["routes"]]
    assert {"android", "ios_safari"} == {one["device"] for one in lines}
    assert {"one hop at most", "several hops", "way not known"} == {
        one["way"] for one in lines
    }
    assert sum(one.n for one in ROUTES) == sum(one["n"] for one in lines)
    for form, words in (
        ("html", "several hops"),
        ("csv", '"android, several hops: the tag took"'),
        ("md", "android, several hops: ours"),
    ):
        assert words in rendered(made, form)


def test_a_way_that_nobody_looked_at_may_have_cost_the_most() -> None:
    def routing(*hops: int | None) -> Part:
        rows = [
            replace(row, hops=hops[number % len(hops)])
            for number, row in enumerate(sales(4))
        ]
        report = build_report("2026-10", rows, [], LATER)
        parts = next(
            c.parts for c in report.comparisons if c.level is Level.ATTRIBUTION
        )
        return next(part for part in parts if part.name == ROUTING)

    ways = ((1, 0), (1, 3), (1, None), (None, None))
    assert [0.0, -0.025, -0.025, -0.05] == pytest.approx(
        [routing(*hops).low for hops in ways], rel=0.02
    )


def platform_parts(n_by_order: int, n_by_event: int) -> Part:
    pairs = [
        cell(n, day=day, joined=joined)
        for day in range(31)
        for n, joined in (
            (n_by_order, Joined.ORDER_ID),
            (n_by_event, Joined.EVENT_ID),
        )
        if n
    ]
    reports = [
        tag([14] * 31, measures=Measures.PLATFORM),
    ]
    report = build_report(
        "2026-10", server_side(pairs), reports, LATER, None, beside(pairs)
    )
    parts = next(c.parts for c in report.comparisons if c.level is Level.ATTRIBUTION)
    return next(part for part in parts if part.name == DOUBLE_COUNT)


def test_pairs_without_a_shared_event_id_measure_the_double_count() -> None:
    clean, torn = platform_parts(0, 20), platform_parts(2, 18)

    assert Status.MEASURED is clean.evidence is torn.evidence
    assert "0 of 620 pairs" in clean.source
    assert clean.high < 0.01
    assert 0.1 < torn.high < 0.13


def test_the_tags_own_numbers_keep_the_default_double_count() -> None:
    c, _ = attributed()

    part = next(part for part in c.parts if part.name == DOUBLE_COUNT)
    assert (Status.ASSUMED, 0.03) == (part.evidence, part.high)
