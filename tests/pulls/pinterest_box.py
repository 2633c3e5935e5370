"""A sandbox of the platform over HTTP, and an account that asks it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from typing import Any

import requests

from forwarder import outside
from forwarder.asking import Caller
from forwarder.pulls.pinterest_account import PINTEREST, Account
from forwarder.pulls.pinterest_reports import Reports
from forwarder.sandbox import SandboxOptions, SandboxServer, create_sandbox
from tests.sandbox.samples import EVENTS_URL, NOW_S, Clock, a_batch

NOW = datetime.fromtimestamp(NOW_S, UTC)
TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
ACCOUNT_ID = "549755885175"
TOKEN = "pina_REPORTS"


@dataclass
class Pinterest:
    """The fake platform, with what was waited for it."""

    url: str
    clock: Clock
    naps: list[float] = field(default_factory=list)

    def reports(self, token: str = TOKEN) -> Reports:
        session = outside.session(allow_private=True, any_port=True)
        caller = Caller(
            api=PINTEREST,
            session=session,
            base_url=f"{self.url}/v5",
            headers={"Authorization": f"Bearer {token}"},
        )
        return Reports(
            Account(
                caller=caller,
                ad_account_id=ACCOUNT_ID,
                session=session,
                nap=self.naps.append,
            )
        )

    def send(self, *events: dict[str, Any]) -> None:
        answer = requests.post(
            f"{self.url}{EVENTS_URL}",
            json=a_batch(*events),
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=10,
        )
        assert answer.ok, answer.text

    def seed_tag(self, on: date, count: int, **more: int) -> None:
        row = {"date": on.isoformat(), "kind": "checkout", "count": count, **more}
        requests.post(f"{self.url}/_sandbox/tag-log", json=[row], timeout=10)

    def fail(self, *faults: dict[str, Any]) -> None:
        requests.post(f"{self.url}/_sandbox/faults", json=list(faults), timeout=10)


@contextmanager
def pinterest(**options: object) -> Iterator[Pinterest]:
    """Serve a sandbox on a free loopback port, its clock standing still."""
    clock = Clock()
    app = create_sandbox(SandboxOptions(**options), clock)  # type: ignore[arg-type]
    server = SandboxServer(app, "127.0.0.1", 0)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Pinterest(f"http://127.0.0.1:{server.port}", clock)
    finally:
        server.shutdown()
        thread.join(5)
