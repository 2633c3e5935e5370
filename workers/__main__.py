"""`python -m workers worker` and `… beat`: what `forwarder worker` and `beat` become.

Celery's own command line loads a dozen commands into the process, where they stay; the
shell among them alone is 9 MB.
"""

import sys
from contextlib import suppress

from config.settings import UnusableSettings
from forwarder.store.writer import StoreDown

WRONG_USE = 2


def main(role: str) -> int:
    """Run a role until it is asked to end; return the exit code."""
    try:
        from workers.app import app  # noqa: PLC0415  it reads the settings
        from workers.state import wired  # noqa: PLC0415  likewise

        if role == "worker":
            with suppress(StoreDown):  # it may come later: each look tries again
                wired()
    except UnusableSettings as unusable:
        sys.stderr.write(f"{unusable}\n")
        return WRONG_USE
    if role == "beat":
        app.Beat(quiet=True).run()
        return 0
    worker = app.Worker(
        quiet=True, without_gossip=True, without_mingle=True, without_heartbeat=True
    )
    worker.start()
    return int(worker.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
