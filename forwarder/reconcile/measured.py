"""Parts of the table of ranges that this month's own evidence replaces."""

from collections.abc import Mapping

import numpy as np

from forwarder.core.reports import Level, Measures
from forwarder.reconcile.align import Aligned
from forwarder.reconcile.bands import im_critical, wilson
from forwarder.reconcile.log import Log
from forwarder.reconcile.pairs import Pairs
from forwarder.reconcile.systematic import DOUBLE_COUNT, Evidence, Part

MIN_PAIRS = 25  # on fewer the default stands
ALPHA = 0.05


def measured_parts(
    level: Level, measures: Measures, pairs: Pairs | None
) -> Mapping[str, Part]:
    """Return what the mirror measures of the platform's own numbers.

    Pairs that share their order but not their event id are sales that the platform
    counts twice, since it sees the tag and the server.
    """
    is_platform = level is Level.ATTRIBUTION and measures is Measures.PLATFORM
    if not is_platform or pairs is None:
        return {}
    n, of = pairs.by_order, pairs.by_order + pairs.by_event
    if of < MIN_PAIRS:
        return {}
    part = Part(
        name=DOUBLE_COUNT,
        low=0,
        high=wilson(n, of, im_critical(0, 1, ALPHA))[1],
        evidence=Evidence.MEASURED,
        source=f"the mirror: {n:,} of {of:,} pairs share the order, not the event id",
    )
    return {DOUBLE_COUNT: part}


def multi_hop_share(log: Log, aligned: Aligned) -> float | None:
    """Return how many did not surely come over one hop; None when no way is known."""
    hops = log.multi_hop[aligned.kept]
    return None if np.isnan(hops).all() else float((hops != 0).mean())
