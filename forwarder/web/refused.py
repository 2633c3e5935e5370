"""Keep why the last webhook of each endpoint was turned away, for whoever sets it up.

One line per endpoint in the data folder, written at most once a second: a flood of
forged webhooks neither fills the disk nor costs more than a few signatures.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Final

import orjson
import structlog

from forwarder.core.event import Notice
from forwarder.pipeline.diagnose import why_refused
from forwarder.pipeline.receive import Endpoint

FOLDER: Final = "refused"
EVERY: Final = timedelta(seconds=1)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """When and why the last webhook of an endpoint was turned away."""

    at: datetime
    why: str


class Refusals:
    """Writes down why webhooks were turned away. Safe between threads."""

    def __init__(
        self,
        folder: Path,
        endpoints: Mapping[str, Endpoint],
        clock: Callable[[], datetime],
    ) -> None:
        """Take the data folder."""
        self._folder = folder / FOLDER
        self._endpoints = endpoints
        self._clock = clock
        self._lock = Lock()
        self._last: dict[str, datetime] = {}

    def note(self, endpoint: Endpoint, notice: Notice) -> None:
        """Write down why this one was turned away, unless one just was."""
        now = self._clock()
        if not self._is_due(endpoint.name, now):
            return
        why = why_refused(endpoint, self._endpoints.values(), notice, now)
        log.warning("webhook turned away", endpoint=endpoint.name, why=why)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = self._folder / f"{endpoint.name}.json"
            fresh = file.with_suffix(".new")
            fresh.write_bytes(orjson.dumps({"at": now, "why": why}))
            fresh.replace(file)
        except OSError as fault:
            log.warning("reason not kept", fault=type(fault).__name__)

    def _is_due(self, name: str, now: datetime) -> bool:
        with self._lock:
            last = self._last.get(name)
            if last is not None and now - last < EVERY:
                return False
            self._last[name] = now
            return True


def last_refused(folder: Path, endpoint: str) -> Refused | None:
    """Return what was last turned away at an endpoint; None when nothing was."""
    try:
        told = orjson.loads((folder / FOLDER / f"{endpoint}.json").read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return Refused(at=datetime.fromisoformat(told["at"]), why=told["why"])
