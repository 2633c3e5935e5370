"""Sentry, behind the same gate as the log and with nothing collected on the side.

No integration watches requests, queries or arguments: what is logged at `error` or
above is what Sentry gets, and `before_send` builds it anew from the few fields that
are allowed. Without an address this module is not even imported.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.types import Event, Hint
from structlog.typing import EventDict, WrappedLogger

from forwarder.telemetry.redact import clean, scrub, shown_message

_REPORTED: Final = frozenset({"error", "critical"})
_OURS: Final = frozenset({"event", "level", "logger", "exc_info"})
_KEPT: Final = (
    "event_id", "timestamp", "level", "platform", "release", "environment",
    "server_name", "sdk", "fingerprint", "type", "start_timestamp",
)  # fmt: skip
_CONTEXTS: Final = ("trace", "runtime", "os")
_FRAME: Final = (
    "filename", "abs_path", "function", "module", "lineno", "in_app",
    "pre_context", "context_line", "post_context",
)  # fmt: skip
# What `send_default_pii=False` used to say, and more: nothing about anybody.
_NOTHING: Final[Any] = {  # its type is private to the SDK
    "user_info": False,
    "cookies": {"mode": "off"},
    "http_headers": {"request": {"mode": "off"}},
    "http_bodies": [],
    "url_query_params": {"mode": "off"},
    "graphql": {"document": False, "variables": False},
    "gen_ai": {"inputs": False, "outputs": False},
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,
}
_SYSTEM_FAULTS: Final = frozenset(
    {"OSError"} | {kind.__name__ for kind in OSError.__subclasses__()}
)


def start(dsn: str, release: str, role: str) -> None:
    """Start reporting. Raises: BadDsn."""
    sentry_sdk.init(
        dsn=dsn,
        release=release or None,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[AtexitIntegration(callback=_at_exit), DedupeIntegration()],
        data_collection=_NOTHING,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_breadcrumb=_no_breadcrumb,
        before_send=_rebuilt,
        before_send_transaction=_rebuilt,
        traces_sample_rate=None,
        trace_propagation_targets=[],
        auto_session_tracking=False,
        send_client_reports=False,
    )
    sentry_sdk.get_global_scope().set_tag("role", role)  # in every thread


def report(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Send a line of the log to Sentry when it is an error; return it unchanged."""
    if event.get("level") not in _REPORTED:
        return event
    message = scrub(str(event.get("event", "")))
    facts = {key: one for key, one in event.items() if not _is_meta(key)}
    with sentry_sdk.new_scope() as scope:
        scope.set_tag("logger", str(event.get("logger", "")))
        scope.set_extra("facts", clean(facts))
        scope.set_extra("line", message)
        fault = event.get("exc_info")
        if isinstance(fault, BaseException):
            scope.capture_exception(fault)
        else:
            scope.capture_message(message, level="error")
    return event


def flush(timeout_s: float = 2.0) -> None:
    """Wait until what was reported has left."""
    sentry_sdk.flush(timeout_s)


def _is_meta(key: str) -> bool:
    return key in _OURS or key.startswith("_")


def _no_breadcrumb(_: Mapping[str, Any], __: Hint) -> None:
    """Keep none: breadcrumbs are made of queries, addresses and log lines."""


def _at_exit(_: int, __: float) -> None:
    """Say nothing on leaving; the default prints to the operator's terminal."""


def _rebuilt(event: Event, _: Hint) -> Event:
    """Return a new event made of the allowed fields only, each one cleaned."""
    given = cast("Mapping[str, Any]", event)
    kept: dict[str, Any] = {key: given[key] for key in _KEPT if key in given}
    for key in ("message", "transaction", "logger"):
        if given.get(key):
            kept[key] = scrub(str(given[key]))
    kept["tags"] = clean(dict(given.get("tags") or {}))
    kept["extra"] = clean(_own_extra(given))
    contexts = given.get("contexts") or {}
    kept["contexts"] = {key: contexts[key] for key in _CONTEXTS if key in contexts}
    if given.get("exception"):
        values = given["exception"].get("values") or ()
        kept["exception"] = {"values": [_exception(one) for one in values]}
    return cast("Event", kept)


def _own_extra(given: Mapping[str, Any]) -> dict[str, Any]:
    extra = given.get("extra") or {}
    return {key: extra[key] for key in ("facts", "line") if key in extra}


def _exception(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return type, place and, if its package speaks plainly, the message."""
    kind, module = str(value.get("type") or ""), str(value.get("module") or "")
    message = shown_message(
        module, str(value.get("value") or ""), is_system=kind in _SYSTEM_FAULTS
    )
    frames = (value.get("stacktrace") or {}).get("frames") or ()
    return {
        "type": kind,
        "module": module or None,
        "value": message,
        "mechanism": {"type": "generic", "handled": True},
        "stacktrace": {"frames": [_frame(one) for one in frames]},
    }


def _frame(frame: Mapping[str, Any]) -> dict[str, Any]:
    return {key: frame[key] for key in _FRAME if key in frame}
