from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from forwarder.core.experiment import Objective, Phase, Plan, Shown, Variable, Variant
from forwarder.store import Store, experiments
from forwarder.store.access import Exists

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PLAN = Plan(
    name="spring",
    objective=Objective.VISITS,
    variable=Variable.HEADLINE,
    phase=Phase.CREATIVE,
    variants=[
        Variant(
            name="A",
            attributes={"headline": "x"},
            pin_ids=[],
            slots=[date(2026, 11, 2)],
        ),
        Variant(name="B", attributes={"headline": "y"}, pin_ids=["123"], slots=[]),
    ],
    rho=0.002,
)
DAY = Shown(variant=1, on=date(2026, 11, 2), impressions=10, successes=1)


def test_a_plan_comes_back_as_it_was_made(store: Store) -> None:
    experiments.create(store, PLAN, NOW)

    assert PLAN == experiments.find(store, "spring")
    assert [PLAN] == experiments.plans(store)
    assert experiments.find(store, "autumn") is None
    with pytest.raises(Exists):
        experiments.create(store, replace(PLAN, rho=0.5), NOW)


def test_a_day_stays_as_it_was_first_told(store: Store) -> None:
    experiments.create(store, PLAN, NOW)
    later = replace(DAY, impressions=12)

    assert (1, 0) == (
        experiments.record(store, "spring", [DAY]),
        experiments.record(store, "spring", [later]),
    )
    (told,) = experiments.told(store, "spring")
    assert (DAY, later) == (told.shown, told.revised)


def test_a_day_told_once_has_no_revision(store: Store) -> None:
    experiments.record(store, "spring", [DAY])
    (told,) = experiments.told(store, "spring")

    assert told.revised is None
