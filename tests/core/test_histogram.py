from math import inf

import pytest

from forwarder.core.histogram import quantile


@pytest.mark.parametrize(
    ("counts", "share", "found"),
    [
        ({}, 0.5, None),
        ({1.0: 0}, 0.5, None),
        ({1.0: 4}, 0.5, 0.5),
        ({0.5: 1, 1.0: 2, 5.0: 1}, 0.5, 0.75),
        ({0.5: 10, 5.0: 10}, 0.75, 2.75),
        ({0.5: 19, 60.0: 1}, 0.95, 0.5),
        ({0.5: 1, inf: 3}, 0.95, 0.5),
        ({inf: 3}, 0.5, 0.0),
    ],
)
def test_a_quantile_lies_evenly_in_its_bucket_and_never_behind_the_last_edge(
    counts: dict[float, float], share: float, found: float | None
) -> None:
    assert found == quantile(counts, share)
