"""One ad account at Pinterest, asked with patience; finished reports are fetched."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import requests

from forwarder import decode, outside
from forwarder.asking import TIMEOUT_S, Answer, Api, Caller, NoAnswer
from forwarder.core import reading as read
from forwarder.core.delivery import Deferred
from forwarder.core.event import Unreadable

TRIES: Final = 4
WAIT_S: Final = 5.0  # where Pinterest does not say how long
WAIT_MAX_S: Final = 60.0
POLLS_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
REPORT_MAX_BYTES: Final = 32 << 20

Row = Mapping[str, object]
Nap = Callable[[float], None]

_SCOPE = "the token may not read reports: set report_token to one with scope ads:read"
PINTEREST: Final = Api(
    name="Pinterest",
    lacking="no report",
    never={
        400: "Pinterest does not take the question: see report_windows",
        401: _SCOPE,
        403: _SCOPE,
        404: "no such ad account: see ad_account_id",
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One ad account. Every method raises NoAnswer.

    `session` fetches finished reports from the address in Pinterest's answer, without
    the token. `nap` waits, where the platform asks for it or is not ready.
    """

    caller: Caller
    ad_account_id: str
    session: requests.Session = field(repr=False)
    nap: Nap

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to a question."""
        return self._ask(lambda: self.caller.get(self._path(path), params))

    def ordered(self, path: str, asked: object = None) -> Sequence[Row]:
        """Order a report, wait for it and return its rows."""
        order = self._ask(lambda: self.caller.post(self._path(path), json=asked))
        token = {"token": str(order.record.get("token"))}
        for wait_s in POLLS_S:
            state = self.get("/reports", token).record
            match state.get("report_status"):
                case "FINISHED":
                    return self._download(str(state.get("url")))
                case "IN_PROGRESS":
                    self.nap(wait_s)
                case word:
                    raise _later(f"Pinterest gave the report up ({str(word)[:40]})")
        raise _later("Pinterest's report is not ready yet")

    def _download(self, url: str) -> Sequence[Row]:
        """Return the rows; the address holds for five minutes and needs no token."""
        try:
            with self.session.get(url, timeout=TIMEOUT_S, stream=True) as reply:
                data = outside.body(reply, REPORT_MAX_BYTES) if reply.ok else None
        except outside.Unsafe as unsafe:
            raise NoAnswer(f"the finished report is not fetched: {unsafe}") from None
        except requests.RequestException as fault:
            raise NoAnswer(Deferred("network", type(fault).__name__)) from None
        if data is None:
            raise _later("the finished report is not there")
        try:
            given = read.record(decode.read_json(data))
        except Unreadable:
            raise _later("the finished report is not JSON") from None
        return [row for rows in given.values() for row in read.records(rows)]

    def _path(self, path: str) -> str:
        return f"/ad_accounts/{self.ad_account_id}{path}"

    def _ask(self, question: Callable[[], Answer]) -> Answer:
        return patiently(question, self.nap)


def patiently(question: Callable[[], Answer], nap: Nap) -> Answer:
    """Return the answer, asked again while it is to come later. Raises: NoAnswer."""
    for _ in range(TRIES - 1):
        try:
            return question()
        except NoAnswer as none:
            if not isinstance(none.outcome, Deferred):
                raise
            asked_s = none.outcome.retry_after_s
            nap(min(WAIT_S if asked_s is None else asked_s, WAIT_MAX_S))
    return question()


def _later(sentence: str) -> NoAnswer:
    return NoAnswer(Deferred("server_error", sentence))
