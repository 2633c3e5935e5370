"""Our log in the report's terms: every step exact, nothing lost between them."""

from dataclasses import replace

import numpy as np
import pytest

from forwarder.core.reports import Definitions, ReportTime
from forwarder.reconcile.align import DAY_S, HOUR_S, Aligned, Period, align
from forwarder.reconcile.log import (
    COUNTS,
    NO_CONSENT,
    NOT_ACCEPTED,
    TEST,
    Log,
    first_of_each,
)

START_S = 1_759_276_800.0
PERIOD = Period(start_s=START_S, n_days=30)
BY_CONVERSION = Definitions(report_time=ReportTime.CONVERSION)


def log_of(*rows: dict[str, float]) -> Log:
    def column(
        name: str, default: float
    ) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([row.get(name, default) for row in rows], dtype=np.float64)

    numbers = np.arange(1, len(rows) + 1)
    event = np.array(
        [row.get("event", n) for row, n in zip(rows, numbers, strict=True)]
    )
    return Log(
        event=event.astype(np.int64),
        order=column("order", 0).astype(np.int64),
        at_s=START_S + column("day", 1) * DAY_S,
        click_s=START_S + column("click_day", np.nan) * DAY_S,
        value=column("value", 10),
        fate=column("fate", COUNTS).astype(np.int64),
        refunded=column("refunded", 0).astype(np.bool_),
        multi_hop=column("multi_hop", np.nan),
    )


def moved(aligned: Aligned) -> dict[str, int]:
    return {s.name: s.after - s.before for s in aligned.steps if s.after != s.before}


def test_every_step_moves_what_it_should_and_nothing_else() -> None:
    log = log_of(
        {"day": 5.0, "click_day": 4.0},
        {"day": 5.0, "click_day": 4.0, "event": 1},  # repeat
        {"day": 6.0, "click_day": 4.0, "order": 7},
        {"day": 6.5, "click_day": 4.0, "order": 7},  # same order
        {"day": 7.0, "click_day": 4.0, "fate": TEST},
        {"day": 7.0, "click_day": 4.0, "fate": NO_CONSENT},
        {"day": 8.0},  # no click
        {"day": 29.0, "click_day": 4.0},  # clicked too long ago
        {"day": 9.0, "click_day": -1.0},  # clicked before the month
        {"day": 9.0, "click_day": 8.0, "fate": NOT_ACCEPTED},
    )
    definitions = Definitions(click_window_days=20, report_time=ReportTime.AD_ACTION)

    aligned = align(log, definitions, PERIOD)

    expected = {
        "repeats": -1,
        "same order": -1,
        "test orders": -1,
        "no consent": -1,
        "no click": -1,
        "click window": -1,
        "booking day": -1,
        "not accepted": -1,
    }
    assert expected == moved(aligned)
    assert (10, 2) == (aligned.steps[0].before, aligned.n)
    assert 20.0 == aligned.value


def test_the_steps_add_up_to_the_whole_difference() -> None:
    rng = np.random.default_rng(5)
    log = log_of(
        *(
            {"day": d, "click_day": d - lag, "value": v, "fate": f}
            for d, lag, v, f in zip(
                rng.uniform(-3, 36, 400),
                rng.exponential(6, 400),
                rng.lognormal(3, 1, 400),
                rng.choice(4, 400),
                strict=True,
            )
        )
    )

    aligned = align(log, Definitions(utc_offset_h=-8), PERIOD)

    for step, following in zip(aligned.steps, aligned.steps[1:], strict=False):
        assert (step.after, step.value_after) == (
            following.before,
            following.value_before,
        )
    assert aligned.steps[-1].after == aligned.n
    assert aligned.steps[-1].value_after == pytest.approx(aligned.value)


@pytest.mark.parametrize("hours", [-8.0, 5.5, 13.0])
@pytest.mark.parametrize("report_time", list(ReportTime))
def test_a_shift_of_log_and_day_boundary_together_moves_nothing(
    hours: float, report_time: ReportTime
) -> None:
    rng = np.random.default_rng(6)
    days = rng.uniform(-2, 34, 300)
    lags = rng.exponential(5, 300)
    log = log_of(
        *({"day": d, "click_day": d - g} for d, g in zip(days, lags, strict=True))
    )
    shifted = replace(
        log, at_s=log.at_s - hours * HOUR_S, click_s=log.click_s - hours * HOUR_S
    )

    here = align(log, Definitions(report_time=report_time), PERIOD)
    there = align(
        shifted, Definitions(report_time=report_time, utc_offset_h=hours), PERIOD
    )

    assert here.daily_count.tolist() == there.daily_count.tolist()


def test_the_window_includes_its_last_second() -> None:
    log = log_of(
        {"day": 10.0, "click_day": 3.0}, {"day": 10.0 + 1 / DAY_S, "click_day": 3.0}
    )

    aligned = align(log, replace(BY_CONVERSION, click_window_days=7), PERIOD)

    assert 1 == aligned.n


def test_midnight_belongs_to_the_day_it_begins() -> None:
    log = log_of({"day": 0.0}, {"day": 30.0}, {"day": 29.99})
    delivery = Definitions(click_window_days=None, report_time=ReportTime.CONVERSION)

    aligned = align(log, delivery, PERIOD)

    assert (2, 1, 1) == (aligned.n, aligned.daily_count[0], aligned.daily_count[29])


def test_an_accepted_repeat_wins_over_one_that_was_not() -> None:
    log = log_of(
        {"event": 1, "click_day": 0.5, "fate": NOT_ACCEPTED},
        {"event": 1, "click_day": 0.5, "day": 2.0},
    )

    assert 1 == align(log, BY_CONVERSION, PERIOD).n


def test_refunds_stay_unless_the_report_takes_them_back() -> None:
    log = log_of({"click_day": 0.5, "refunded": 1}, {"click_day": 0.5})

    assert 2 == align(log, BY_CONVERSION, PERIOD).n
    assert 1 == align(log, BY_CONVERSION, PERIOD, drop_refunds=True).n


def test_only_the_days_that_the_report_covers_are_compared() -> None:
    log = log_of(*({"day": d + 0.5, "click_day": d} for d in range(30)))

    aligned = align(log, BY_CONVERSION, replace(PERIOD, first_day=10, last_day=14))

    assert (5, [1] * 5) == (aligned.n, aligned.daily_count.tolist())
    assert {"days covered": -25} == moved(aligned)


def test_an_empty_log_is_aligned_to_nothing() -> None:
    aligned = align(log_of(), BY_CONVERSION, PERIOD)

    assert (0, 0.0, 30) == (aligned.n, aligned.value, len(aligned.daily_count))


def test_the_first_of_each_does_not_depend_on_the_order_of_rows() -> None:
    codes, keys = np.array([3, 1, 3, 1, 2]), np.array([5.0, 1.0, 4.0, 2.0, 9.0])
    order = np.array([4, 2, 0, 3, 1])

    kept = first_of_each(codes, (keys,))
    shuffled = first_of_each(codes[order], (keys[order],))

    assert [False, True, True, False, True] == kept.tolist()
    assert kept[order].tolist() == shuffled.tolist()
