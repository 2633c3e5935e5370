"""When to try again: the published schedule, with jitter and the platform's wishes."""

from datetime import datetime, timedelta
from math import isnan

# Waits after attempt 1, 2, ...: five attempts within the first hour, since later web
# events count as offline; ten in all over 68 h 42 min.
WAITS_S = (30, 120, 600, 1_800, 7_200, 21_600, 43_200, 86_400, 86_400)
ATTEMPTS_MAX = len(WAITS_S) + 1
JITTER_SHARE = 0.2
ASKED_MIN_S = 1.0
ASKED_MAX_S = 3_600.0


def retry_at(
    attempts: int, now: datetime, asked_s: float | None, jitter: float
) -> datetime:
    """Return when to try again after `attempts` tries: 30 s to 24 h, +-20 %.

    What the platform asks for wins, within 1 s and 1 h. Units: seconds; `jitter` is
    a fraction, 0 <= jitter < 1. Limits: 1 <= attempts < ATTEMPTS_MAX.
    """
    if asked_s is not None and not isnan(asked_s):
        wait_s = min(max(asked_s, ASKED_MIN_S), ASKED_MAX_S)
        return now + timedelta(seconds=wait_s * (1 + JITTER_SHARE * jitter))
    wait_s = WAITS_S[min(max(attempts, 1), len(WAITS_S)) - 1]
    factor = 1 - JITTER_SHARE + 2 * JITTER_SHARE * jitter
    return now + timedelta(seconds=wait_s * factor)
