"""`python -m tests.chaos.loader PORT SECONDS FIRST`: one process of a burst.

It posts signed orders as fast as it can, each until it is answered, and at the end
prints its book as JSON.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Lock
from time import monotonic

from tests.chaos.load import Book, Senders, by_webhook
from tests.e2e.shops import Webhook

THREADS = 16
STEP = 20


def main(port: int, seconds: float, first: int) -> None:
    """Post until the time is over."""
    book = Book()
    serials, lock = count(first), Lock()
    until_s = monotonic() + seconds

    def post_on() -> None:
        senders = Senders(port, book)
        while monotonic() < until_s:
            with lock:
                given = [next(serials) for _ in range(STEP)]
            calls = [by_webhook(Webhook("shopify", serial)) for serial in given]
            senders.post_all(calls, threads=1)

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(post_on) for _ in range(THREADS)]:
            done.result()
    told = {
        "n_calls": book.n_calls,
        "n_repeated": book.n_repeated,
        "event_ids": sorted(book.event_ids),
        "doubtful_ids": sorted(book.doubtful_ids),
        "notice_ids": sorted(book.notice_ids),
        "statuses": list(book.statuses.items()),
        "wrong": book.wrong,
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
