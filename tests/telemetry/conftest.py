"""Telemetry changes the whole process: put back what it found."""

import logging
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest
import sentry_sdk
import structlog


@pytest.fixture
def undone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    monkeypatch.setattr(logging, "raiseExceptions", True)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    yield
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    sentry_sdk.get_client().close(timeout=0.5)
    sentry_sdk.get_global_scope().set_client(None)
