"""A sample sent as a test to one of our own endpoints, for console and API alike."""

from dataclasses import dataclass

from forwarder.core.event import Forged, Stale
from forwarder.pipeline.receive import Endpoint
from forwarder.pipeline.trial import try_out
from forwarder.store import audit
from forwarder.store.inbox import Receipt
from forwarder.store.latest import lines_of
from forwarder.store.log import Line
from forwarder.web.desk import WebDesk


class NoTest(Exception):
    """No test was sent: the sentence says why, and what to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of a test: what a sender would read, and its deliveries."""

    case: str
    receipt: Receipt
    lines: list[Line]


def cases_of(desk: WebDesk, endpoint: Endpoint) -> list[str]:
    """Return which samples can be sent to an endpoint."""
    return list(desk.samples(endpoint.source_name))


def send_test(desk: WebDesk, endpoint: Endpoint, case: str, who: str) -> Tried:
    """Take a sample in as a test and wake the worker. Raises: NoTest, StoreDown."""
    known = cases_of(desk, endpoint)
    if case not in known:
        raise NoTest(_no_such(endpoint, known))
    if endpoint.is_paused:
        raise NoTest(f"[endpoints.{endpoint.name}] is paused in the settings")
    now = desk.clock()
    sample = desk.sample(endpoint.name, case, now)
    if isinstance(sample, str):
        raise NoTest(sample)
    try:
        receipt = try_out(endpoint, sample, desk.store, now)
    except (Forged, Stale) as refused:
        raise NoTest(f"it was turned away as a webhook would be: {refused}") from None
    audit.note(desk.store, who, "test sent", endpoint.name, now, case)
    if receipt.accepted:
        desk.nudge(endpoint.destination)
    lines = lines_of(desk.store, receipt.notice_id)
    return Tried(case=case, receipt=receipt, lines=lines)


def _no_such(endpoint: Endpoint, known: list[str]) -> str:
    if not known:
        return f"there is no sample of {endpoint.source_name}"
    return f"name one of the samples: {', '.join(known)}"
