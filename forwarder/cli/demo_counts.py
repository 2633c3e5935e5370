"""What became of the demo's webhooks: each counted twice, and held together."""

import time
from typing import Any

from forwarder.store import Store, erase, log, notice_log
from forwarder.store.log import Filter

WORDS = ("delivered", "refused", "skipped", "pending")
QUIET_S = 120.0
LOOK_EVERY_S = 0.2


def wait_until_quiet(store: Store) -> None:
    """Wait until everything was sent and everybody erased, two minutes at most.

    Erasing takes people out of what the reports stand on.
    """
    until_s = time.monotonic() + QUIET_S
    while time.monotonic() < until_s:
        is_sent = not log.count_by_status(store, Filter()).get("pending")
        if is_sent and not erase.requests(store):
            return
        time.sleep(LOOK_EVERY_S)


def counted(store: Store) -> dict[str, Any]:
    """Return what the log says became of the webhooks and their events."""
    statuses = log.count_by_status(store, Filter())
    noted = notice_log.count_notices(store)
    return {
        "duplicates": noted["duplicate"],
        "ignored": noted["ignored"],
        "quarantined": noted["quarantined"],
        "events": sum(statuses.values()),
        **{word: statuses.get(word, 0) for word in WORDS},
        "erasing": len(erase.requests(store)),
    }


def faults_of(summary: dict[str, Any]) -> list[str]:
    """Return which counts contradict one another; none means every event is there."""
    s = summary
    sums = {
        "requests = forged + notices": (s["requests"], s["forged"] + s["notices"]),
        "notices = events + duplicates + ignored + quarantined": (
            s["notices"],
            s["events"] + s["duplicates"] + s["ignored"] + s["quarantined"],
        ),
        "events = delivered + refused + skipped": (
            s["events"],
            s["delivered"] + s["refused"] + s["skipped"],
        ),
        "nothing pending": (s["pending"], 0),
        "nobody left to erase": (s["erasing"], 0),
        "delivered = unique at the sandbox": (s["delivered"], s["sandbox_unique"]),
    }
    return [f"{name} ({a} and {b})" for name, (a, b) in sums.items() if a != b]
