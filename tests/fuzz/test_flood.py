"""A short flood of spoilt, forged and stale requests; `make fuzz` is the long one."""

from pathlib import Path

import pytest

from tests.e2e.box import Box
from tests.fuzz import flood

pytestmark = pytest.mark.slow

N_REQUESTS = 1_000


def test_no_request_is_a_fault_and_no_forger_leaves_an_event(tmp_path: Path) -> None:
    with Box(tmp_path) as box:
        box.upgrade()
        box.start_web()
        count = flood.run(box, N_REQUESTS, seed=7)
        forgers = flood.left_by_forgers(box, count)
        n_stored = len(box.lines())

        assert [] == box.crashes()
    assert [] == count.faults, flood.table(count)
    assert [] == forgers
    assert count.n_requests > N_REQUESTS - flood.THREADS
    # What was answered `accepted` is there, and nothing else is.
    assert count.n_accepted == n_stored
