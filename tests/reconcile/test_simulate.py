"""A short run of `make simulate`: the bands hold where nothing was tuned on them."""

from collections import Counter

import pytest

from tests.reconcile.other_months import OTHERS
from tests.reconcile.simulate import (
    NEEDED,
    WIDEST_ELSEWHERE,
    Job,
    failures,
    run_job,
    table,
)

MONTHS = {"event": 12, "aggregate": 25}  # of each of the four scenarios


@pytest.mark.parametrize("mode", ["event", "aggregate"])
@pytest.mark.parametrize("mechanism", ["traits", "classes"])
def test_the_bands_hold_in_worlds_of_other_mechanisms(
    mechanism: str, mode: str
) -> None:
    n, held = Counter[str](), Counter[tuple[str, str]]()
    ours, plain = Counter[str](), Counter[str]()
    for other in (one for one in OTHERS if one.mechanism == mechanism):
        job = Job(mechanism, mode, other.name, 100, 0, MONTHS[mode])
        for (_, _, _, name, _), tally in run_job(job).items():
            n[name] += tally.n
            ours[name] += tally.ours
            plain[name] += tally.plain
            for level in NEEDED:
                held[name, level] += tally.held[level]

    for (name, level), count in held.items():
        # three Monte Carlo standard errors below what must be reached
        slack = 3 * (NEEDED[level] * (1 - NEEDED[level]) / n[name]) ** 0.5
        assert count / n[name] >= NEEDED[level] - slack, (name, level)
        assert ours[name] <= WIDEST_ELSEWHERE * plain[name], name


def test_a_cell_that_does_not_hold_is_named() -> None:
    found = run_job(Job("traits", "aggregate", "traits, none", 30, 0, 4))
    for tally in found.values():
        tally.held["95"] = 0

    named = list(failures(found))

    assert "the 95% band held 0 of 4" in named[0]
    assert "| traits, aggregate: gap | 0.0% /" in "\n".join(table(found, "95"))
