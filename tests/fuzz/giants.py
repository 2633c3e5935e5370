"""Give sources the largest bodies, in a process of its own, and print what it took.

Arguments: the sources; all if none is given. Shape: JSON of the
slowest source and body, its seconds of CPU, and the growth in bytes.
"""

import json
import resource
import sys
from contextlib import suppress
from dataclasses import replace
from time import process_time

from forwarder.core.event import Forged, Stale, Unreadable
from forwarder.core.source import Options
from forwarder.samples import SIGNED_AT, TEST_SECRETS, cases, load
from forwarder.sources import SOURCES
from tests.fuzz.mutate import giants

GIANT_BYTES = 2 * 1024 * 1024


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def take(source: str, body: bytes) -> float:
    """Return the seconds of CPU that verifying and reading a body takes."""
    sample = load(source, cases(source)[0])
    adapter, secret = SOURCES[source], TEST_SECRETS[source]
    notice = adapter.sign(replace(sample, body=body), secret, SIGNED_AT)
    options = Options(shop="my-shop")
    started_s = process_time()
    with suppress(Forged, Stale):
        adapter.verify(notice, secret, SIGNED_AT, options)
    adapter.delivery_key(notice)
    with suppress(Unreadable):
        adapter.parse(notice, options)
    return process_time() - started_s


def main() -> None:
    before_bytes = peak_bytes()
    slowest = (0.0, "", "")
    for name, body in giants(GIANT_BYTES):
        for source in sys.argv[1:] or sorted(SOURCES):
            slowest = max(slowest, (take(source, body), source, name))
    print(  # noqa: T201 - for whoever started it
        json.dumps(
            {
                "slowest_s": slowest[0],
                "slowest": slowest[1:],
                "grown_bytes": peak_bytes() - before_bytes,
            }
        )
    )


if __name__ == "__main__":
    main()
