"""One JSON line per event on standard error, whoever logs: we, Celery or the server."""

import logging
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator, MutableMapping
from types import TracebackType
from typing import Any, Final

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from forwarder.telemetry.redact import clean, fault_text

FRAMES_MAX: Final = 25
CHAIN_MAX: Final = 5
# Below `warning` these print parameters, addresses or every request.
_TALKATIVE: Final = (
    "alembic", "amqp", "celery", "granian.access", "kombu", "sqlalchemy.engine",
    "sqlalchemy.pool", "urllib3", "werkzeug",
)  # fmt: skip


def start(role: str, level: str, report: Processor | None = None) -> None:
    """Route every logger of this process through the gate to standard error.

    `report` sees every line before its exception is put into words.
    """
    shared = _chain(role, () if report is None else (report,))
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _line,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    _route_others()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # else a faulty line is printed raw
    sys.excepthook = _crashed
    threading.excepthook = _thread_crashed


def _chain(role: str, reports: Iterable[Processor]) -> list[Processor]:
    """Return what every line passes, ours and those of others alike."""

    def add_role(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["role"] = role
        return event

    return [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        _resolve_exception,
        *reports,
        _tell_exception,
        _redact,
        add_role,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]


def _route_others() -> None:
    """Let nobody keep a handler of their own that would write around the gate."""
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _resolve_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Put the exception itself under `exc_info`, or nothing."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    fault = given[1] if isinstance(given, tuple) else given
    if isinstance(fault, BaseException):
        event["exc_info"] = fault
    return event


def _tell_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    fault = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if fault is not None:
        event["exception"] = list(_told(fault))
    return event


def _told(fault: BaseException | None) -> Iterator[dict[str, object]]:
    """Yield an exception and those behind it: what, and where, without locals."""
    for _ in range(CHAIN_MAX):
        if fault is None:
            return
        frames = traceback.extract_tb(fault.__traceback__)[-FRAMES_MAX:]
        where = [f"{one.filename}:{one.lineno} {one.name}" for one in frames]
        yield {"fault": fault_text(fault), "where": where}
        context = None if fault.__suppress_context__ else fault.__context__
        fault = context if fault.__cause__ is None else fault.__cause__


def _redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Clean everything but what structlog itself still needs."""
    told = event.pop("exception", None)
    cleaned: EventDict = {
        key: value if key.startswith("_") else clean(value, key=key)
        for key, value in event.items()
    }
    if told is not None:
        cleaned["exception"] = told
    return cleaned


def _line(_: WrappedLogger, __: str, event: MutableMapping[str, Any]) -> str:
    """Return one line of JSON; JSON escapes line breaks and control characters."""
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()


def _crashed(
    kind: type[BaseException],
    fault: BaseException,
    where: TracebackType | None,
) -> None:
    """Log what ends the process; Python's own report would show the message raw."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, fault, where)
        return
    structlog.get_logger(__name__).critical("process crashed", exc_info=fault)


def _thread_crashed(given: threading.ExceptHookArgs) -> None:
    name = given.thread.name if given.thread is not None else ""
    structlog.get_logger(__name__).critical(
        "thread crashed", thread=name, exc_info=given.exc_value
    )
