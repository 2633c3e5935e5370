"""The answers of the fake Pinterest, word for word where they are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from forwarder.sandbox.options import SandboxOptions
from forwarder.sandbox.values import Verdict

MESSAGE_MAX_CHARS = 2_000
RATE_LIMITED = (
    "This request exceeded a rate limit. This can happen if the client exceeds one\n"
    "of the published rate limits within a short time window."
)
PARTLY_INVALID = (
    "The action could not be processed properly due to some or all data provided"
    " being invalid."
)
# What a bare HTTP status means when a fault names no body.
ERRORS: Mapping[int, tuple[int, str]] = {
    400: (4196, "The request was invalid."),
    401: (2, "Authentication failed."),
    403: (29, "You are not permitted to access that resource."),
    404: (2, "AdAccount not found."),
    405: (5, "Method not allowed."),
    413: (4196, "The request was too large."),
    429: (8, RATE_LIMITED),
    503: (
        4197,
        "The endpoint has been ramped down and is currently not accepting any traffic.",
    ),
}
UNEXPECTED = (12, "Something went wrong on our end.")


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer, ready to be sent or to be spoilt by a fault."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    def with_headers(self, headers: Mapping[str, str]) -> "Reply":
        """Return the same answer with more headers; those it has already win."""
        return replace(self, headers={**headers, **self.headers})


def json_reply(body: object, status: int = 200) -> Reply:
    """Return an answer whose body is `body` as JSON."""
    return Reply(status, orjson.dumps(body))


def error(status: int, code: int, message: str) -> Reply:
    """Return an error in Pinterest's form, with its message cut to a sane length."""
    if len(message) > MESSAGE_MAX_CHARS:
        message = message[:MESSAGE_MAX_CHARS] + "…"
    return json_reply({"code": code, "message": message}, status)


def plain_error(status: int) -> Reply:
    """Return the error that Pinterest gives for this HTTP status."""
    code, message = ERRORS.get(status, UNEXPECTED)
    return error(status, code, message)


def invalid(options: SandboxOptions, complaint: str) -> Reply:
    """Return the 400 that refuses a whole request."""
    return error(400, options.schema_error_code, f"Invalid request: {complaint}")


def results_body(
    verdicts: Sequence[Verdict], n_received: int, empty_message: str | None
) -> dict[str, Any]:
    """Return the per-event results: one entry per verdict, same order."""
    # Most verdicts of a batch are equal, so each kind is written out once.
    results = {verdict: _result(verdict, empty_message) for verdict in set(verdicts)}
    return {
        "num_events_received": n_received,
        "num_events_processed": sum(verdict.error is None for verdict in verdicts),
        "events": [results[verdict] for verdict in verdicts],
    }


def _result(verdict: Verdict, empty_message: str | None) -> dict[str, str | None]:
    result: dict[str, str | None] = {
        "status": "processed" if verdict.error is None else "failed"
    }
    messages = (("error_message", verdict.error), ("warning_message", verdict.warning))
    for key, message in messages:
        if message is not None:
            result[key] = message
        elif empty_message != "absent":
            result[key] = empty_message
    return result


def results_reply(body: Mapping[str, Any], status: int) -> Reply:
    """Return the results as a 200, or as the details of a 422."""
    if status == 200:  # noqa: PLR2004 - the one status with the list at the root
        return json_reply(body)
    return json_reply({"code": 953, "message": PARTLY_INVALID, "details": body}, status)


def results_status(verdicts: Sequence[Verdict], partial_status: int) -> int:
    """Return 200 for all good, 422 for all bad, `partial_status` for a mixture."""
    n_failed = sum(verdict.error is not None for verdict in verdicts)
    if n_failed == 0:
        return 200
    return 422 if n_failed == len(verdicts) else partial_status
