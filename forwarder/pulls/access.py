"""What a pull may use: the endpoint's key, a window of time, and patience."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import requests

from forwarder.accounts import caller
from forwarder.asking import Answer, Api, Caller, NoAnswer, Pairs
from forwarder.core import reading as read
from forwarder.core.delivery import Deferred
from forwarder.core.event import Notice
from forwarder.core.source import Options

WAITS_S: Final = (1.0, 4.0, 15.0, 60.0)
MAX_WAIT_S: Final = 120.0
MAX_PAGES: Final = 10_000  # a million of the smallest; or a shop that never ends

Record = dict[str, object]


def nobody_waits() -> None:
    """Let every question be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One endpoint's way to its platform, for what happened in a window of time.

    `nap` waits, where the platform asks for it; `alive` is called before each question
    and may end all by raising. The window is since <= t < until.
    """

    options: Options
    session: requests.Session = field(repr=False)
    since: datetime
    until: datetime
    nap: Callable[[float], None]
    alive: Callable[[], None] = nobody_waits

    def to(self, source: str, api: Api) -> Caller:
        """Return who asks. Raises: NoAnswer where the settings tell no address."""
        return caller(source, api, self.options, self.session)

    def get(self, account: Caller, path: str, params: Pairs | None = None) -> Answer:
        """Return an answer, with patience. Raises: NoAnswer after five tries."""
        for wait_s in WAITS_S:
            self.alive()
            try:
                return account.get(path, params)
            except NoAnswer as none:
                if not isinstance(none.outcome, Deferred):
                    raise
                asked_s = none.outcome.retry_after_s
                self.nap(min(wait_s if asked_s is None else asked_s, MAX_WAIT_S))
        self.alive()
        return account.get(path, params)

    def is_within(self, *times: object) -> bool:
        """Tell whether the first of these that is a time lies in the window."""
        at = read.moment(*times)
        return at is not None and self.since <= at < self.until


def pages(account: Caller) -> Iterator[int]:
    """Count the pages of an answer from 1. Raises: NoAnswer beyond the most read."""
    yield from range(1, MAX_PAGES + 1)
    api = account.api
    raise NoAnswer(
        f"{api.lacking} beyond {MAX_PAGES:,} pages: {api.name} tells of more. Ask "
        "since a later day"
    )


def rows(account: Caller, answer: Answer, name: str = "") -> list[Record]:
    """Return the objects listed under a name, or of the answer itself.

    Raises: NoAnswer where there is no such list: that nothing happened is an empty one.
    """
    told = answer.record.get(name) if name else answer.data
    found = read.records(told)
    if not isinstance(told, list) or len(found) < len(told):
        api, what = account.api, name or "records"
        raise NoAnswer(
            f"{api.lacking}: {api.name} answered without a list of {what}. See that "
            "api_url, if it is set, leads to its API"
        )
    return found


Pull = Callable[[Access], Iterator[Notice]]


def api(name: str) -> Api:
    """Return what is said of one platform's refusals."""
    return Api(
        name=name,
        lacking="nothing fetched",
        never={
            401: f"{name} does not know the api_key",
            403: f"the api_key may not read this at {name}",
            404: f"{name} knows no such address: check api_url",
        },
    )


def iso(at: datetime) -> str:
    """Return a time as every one of these platforms reads it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"
