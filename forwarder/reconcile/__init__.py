"""How far tag and server are apart, how sure that is, and what to do about it.

Plain functions, values in and values out. numpy and scipy are loaded on first use,
so that the web and the worker do not pay for them at start.
"""

from collections.abc import Mapping
from typing import Any


def estimate_month(month: Mapping[str, Any]) -> dict[str, dict[str, list[float]]]:
    """Return 90% and 95% bands for every estimand that the month file can carry.

    Shape: `{"gap": {"90": [low, high], "95": [low, high]}, ...}` with the keys `N`,
    `uplift`, `tag_coverage`, `server_coverage`, `gap`, `revenue_gap`; one that cannot
    be given is left out. Columns may be lists or numpy arrays, rows in any order.
    The same month gives the same answer. Raises: ValueError when the file is not a
    month file.
    """
    from forwarder.reconcile.month import bands_of  # noqa: PLC0415 numpy loads slowly

    return bands_of(month)
