"""`python -m bench.drainer`: one worker process that drains when it is told to.

Sends one batch to warm up, says so, waits for a line, drains the rest and tells how
long it took. Celery is left out on both sides of the clock: it only wakes.
"""

import json
import os
import sys
import time

from config.settings import load
from forwarder import telemetry
from forwarder.pipeline.drain import drain
from forwarder.sources import SOURCES
from forwarder.wiring import wire


def main() -> None:
    settings = load(os.environ, sources=SOURCES)
    telemetry.setup("worker", settings.service.log_level)
    wired = wire(settings, "worker")
    (destination,) = wired.destinations.values()
    desk = wired.desk(lambda: False)
    n_warm = drain(destination, desk, n_batches_max=1)
    print(json.dumps({"n": n_warm}), flush=True)
    sys.stdin.readline()
    started_s, used_s = time.perf_counter(), time.process_time()
    n_settled = drain(destination, desk, n_batches_max=10_000)
    taken = {
        "n": n_settled,
        "wall_s": time.perf_counter() - started_s,
        "cpu_s": time.process_time() - used_s,
    }
    print(json.dumps(taken), flush=True)
    wired.store.close()


if __name__ == "__main__":
    main()
