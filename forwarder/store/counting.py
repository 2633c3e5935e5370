"""Count requests and verdicts as they are written down."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final

from forwarder.core.delivery import Answer, Status
from forwarder.core.tally import BATCH, CALL_S, TAKEN_S, WAY_S, tally
from forwarder.store.claimed import AUTO, Claimed
from forwarder.store.settling import Verdict
from forwarder.store.taken import TAKEN, hour_word

_BY_STATUS: Final = {
    HTTPStatus.UNAUTHORIZED: "401",
    HTTPStatus.UNPROCESSABLE_ENTITY: "422_partial",
    HTTPStatus.TOO_MANY_REQUESTS: "429",
}


def count_answer(destination: str, answer: Answer, reasons: Sequence[str]) -> None:
    """Count one request to a platform. `reasons` are those of its verdicts."""
    word = request_class(answer.http_status, reasons)
    tally.add("forwarder_delivery_attempts_total", (destination, word))
    tally.observe(
        "forwarder_delivery_duration_seconds",
        (destination,),
        answer.duration_ms / 1_000,
        CALL_S,
    )
    tally.observe("forwarder_batch_size", (), answer.n_events, BATCH)


def request_class(http_status: int | None, reasons: Sequence[str]) -> str:
    """Return what came of a request, in one word; `timeout` where an answer is lost."""
    if http_status is None:
        return "timeout" if "answer_lost" in reasons else "network"
    word = _BY_STATUS.get(HTTPStatus(http_status)) if http_status in _KNOWN else None
    if word is not None:
        return word
    classes = {2: "ok", 3: "3xx", 4: "4xx"}
    return classes.get(http_status // 100, "5xx")


_KNOWN: Final = {status.value for status in HTTPStatus}


def count_verdicts(
    destination: str, verdicts: Sequence[tuple[Claimed, Verdict]], now: datetime
) -> None:
    """Count what became of events, and how long the delivered ones were on the way."""
    words = Counter(verdict.status.value for _, verdict in verdicts)
    for word, n in words.items():
        tally.add("forwarder_events_total", (destination, word), n)
    hour = hour_word(now)
    for row, verdict in verdicts:
        if verdict.status is Status.DELIVERED:
            way_s = (now - row.occurred_at).total_seconds()
            tally.observe("forwarder_end_to_end_seconds", (destination,), way_s, WAY_S)
            if row.mode == AUTO:
                taken_s = (now - row.received_at).total_seconds()
                tally.observe(TAKEN, (hour,), taken_s, TAKEN_S)
