"""The Pinterest destination: batches out, one outcome per event back."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import orjson

from forwarder.core import failpoints
from forwarder.core.bucket import Bucket
from forwarder.core.delivery import (
    Answer,
    Deferred,
    Encoded,
    Outcome,
    Refused,
    Skipped,
)
from forwarder.core.event import Event, Person
from forwarder.destinations.pinterest.bucket import shared_bucket
from forwarder.destinations.pinterest.calls import Caller
from forwarder.destinations.pinterest.guard import is_safe
from forwarder.destinations.pinterest.payload import Encoder, identified, unmask
from forwarder.destinations.pinterest.replies import Reply, Verdict, read_reply, untried
from forwarder.destinations.pinterest.settings import PinterestSettings
from forwarder.destinations.pinterest.texts import digest

_MAX_NAP_S: Final = 0.25  # a longer wait is the caller's
_ENVELOPE_BYTES: Final = len(b'{"data":[]}')
_MAX_REQUEST_ID_CHARS: Final = 64
_UNHASHED: Final = Refused("unhashed", "a value that must be hashed is in clear")


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Events that may go out in one request; unsafe ones stand alone."""

    events: Sequence[bytes]
    is_safe: bool = True

    def halves(self) -> tuple["_Chunk", "_Chunk"]:
        middle = len(self.events) // 2
        return _Chunk(self.events[:middle]), _Chunk(self.events[middle:])


class PinterestDestination:
    """One ad account at Pinterest. Safe to use from several threads."""

    def __init__(
        self,
        name: str,
        settings: PinterestSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        bucket: Bucket | None = None,
    ) -> None:
        """Stand ready; the first request opens the first connection.

        Without `bucket` all destinations of this process on one account share one.
        """
        self._name = f"{name}:test" if settings.test_mode else name
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        if bucket is None:
            account = f"{settings.base_url} {settings.ad_account_id}"
            bucket = shared_bucket(account, settings.requests_per_minute)
        self._bucket = bucket
        self._encoder = Encoder(settings)
        self._caller = Caller(settings, clock)

    def __repr__(self) -> str:
        """Show the name only."""
        return f"PinterestDestination({self._name!r})"

    @property
    def name(self) -> str:
        """Return the word in the settings, with `:test` in test mode."""
        return self._name

    @property
    def max_batch(self) -> int:
        """Return how many events one request may hold."""
        return self._settings.events_per_request

    @property
    def max_age(self) -> timedelta:
        """Return how old an event may be when it is sent."""
        return self._settings.max_age

    @property
    def credential(self) -> str:
        """Return a fingerprint of token and account."""
        return self._settings.fingerprint

    def encode(self, event: Event) -> Encoded | Refused | Skipped:
        """Return the event as it leaves: same event, same bytes. Never raises."""
        return self._encoder.encode(event)

    def identify(self, person: Person, region: str | None) -> frozenset[str]:
        """Return what of e-mail, phone and customer id would stand in a payload."""
        return self._encoder.identify(person, region)

    def identified(self, shown: bytes) -> frozenset[str]:
        """Return the same of a payload as it is kept; empty when it is none of ours."""
        return identified(shown)

    def unmask(self, shown: bytes, ip: str | None, user_agent: str | None) -> bytes:
        """Return the exact body again from what was kept of it.

        Raises: ValueError when a value that was sent is not there any more.
        """
        return unmask(shown, ip, user_agent)

    def send(self, batch: Sequence[bytes]) -> Iterator[Answer]:
        """Send encoded events, yield one answer per request as it comes in.

        The outcomes joined match the batch in length and order. A request that is
        refused as a whole is halved until the event at fault stands alone.
        """
        todo = list(self._chunks(batch))[::-1]
        while todo:
            chunk = todo.pop()
            if not chunk.is_safe:
                yield Answer(outcomes=(_UNHASHED,), n_events=1)
                continue
            answer, rest = self._ask(chunk.events)
            yield answer
            if not answer.outcomes:
                todo += reversed(chunk.halves())
                failpoints.reach("mid_bisect")
            elif rest is not None and todo:
                n_left = sum(len(one.events) for one in todo)
                yield Answer(outcomes=(rest,) * n_left, n_events=n_left)
                return

    def check(self, now: datetime) -> Answer:
        """Ask Pinterest in test mode if token and account are good; nothing counts."""
        event = {
            "event_name": "signup",
            "action_source": "web",
            "event_time": int(now.timestamp()),
            "event_id": "forwarder-check",
            "user_data": {"em": [digest("check@example.invalid")]},
        }
        return self._ask([orjson.dumps(event)], is_test=True)[0]

    def close(self) -> None:
        """Close the connections to Pinterest."""
        self._caller.close()

    def _chunks(self, batch: Sequence[bytes]) -> Iterator[_Chunk]:
        """Cut the batch, in order, at Pinterest's limits of events and bytes."""
        settings = self._settings
        events: list[bytes] = []
        n_bytes = _ENVELOPE_BYTES
        for event in batch:
            is_fit = is_safe(event)
            is_full = (
                len(events) == settings.events_per_request
                or n_bytes + len(event) > settings.max_body_bytes
            )
            if events and (is_full or not is_fit):
                yield _Chunk(events)
                events, n_bytes = [], _ENVELOPE_BYTES
            if is_fit:
                events.append(event)
                n_bytes += len(event) + 1
            else:
                yield _Chunk([event], is_safe=False)
        if events:
            yield _Chunk(events)

    def _ask(
        self, events: Sequence[bytes], *, is_test: bool = False
    ) -> tuple[Answer, Outcome | None]:
        """Send one request; return its answer and what becomes of all that follow."""
        n_events = len(events)
        wait_s = self._turn()
        if wait_s > 0:
            late = Deferred("rate_limited", "own limit", wait_s, counts=False)
            answer = Answer(outcomes=(late,) * n_events, n_events=n_events)
            return replace(answer, message=late.message, pause_s=wait_s), late
        started_at = self._clock()
        failpoints.reach("before_post")
        reply = self._caller.post(events, is_test=is_test or self._settings.test_mode)
        failpoints.reach("after_post")
        duration_ms = round((self._clock() - started_at) * 1000)
        verdict = self._verdict(reply, n_events)
        if verdict.pause_s is not None:
            self._bucket.close(verdict.pause_s)
        answer = Answer(
            outcomes=verdict.outcomes,
            n_events=n_events,
            message=verdict.message,
            duration_ms=duration_ms,
            pause_s=verdict.pause_s,
        )
        if isinstance(reply, Reply):
            answer = replace(
                answer, http_status=reply.status, request_id=_request_id(reply)
            )
        return answer, verdict.rest

    def _turn(self) -> float:
        """Return 0 when a request may go out now; short waits are slept through."""
        wait_s = self._bucket.take()
        while 0 < wait_s <= _MAX_NAP_S:
            self._sleep(wait_s)
            wait_s = self._bucket.take()
        return wait_s

    def _verdict(self, reply: Reply | Deferred, n_events: int) -> Verdict:
        if isinstance(reply, Reply):
            return read_reply(reply, n_events, self._settings.retry_messages)
        return Verdict(
            outcomes=(reply,) * n_events, message=reply.message, rest=untried(reply)
        )


def _request_id(reply: Reply) -> str:
    told = reply.headers.get("x-pinterest-rid", "")
    return "".join(c for c in told if c.isalnum() or c in "-_")[:_MAX_REQUEST_ID_CHARS]
