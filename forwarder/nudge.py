"""Wake a worker after a commit, from a thread of its own, and never wait for it."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from forwarder.broker import (
    CONFIRM_S,
    QUEUE,
    folders,
    hurried,
    is_one_box,
    transport,
)
from forwarder.core import failpoints

if TYPE_CHECKING:
    from celery import Celery

EVERY_S = 0.25  # at most four wake-ups a second and destination
WAITING_MAX = 8  # wake-ups that lie unread in the folder: a worker is late, not deaf
log = structlog.get_logger(__name__)


class Nudger:
    """Collects who has work and tells the broker. Errors are counted, never raised."""

    def __init__(self, publish: Callable[[str], None]) -> None:
        """Take what wakes the worker of one destination; the thread starts on use."""
        self._publish = publish
        self._lock = threading.Lock()
        self._waiting: set[str] = set()
        self._has_work = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.n_failed = 0

    def __call__(self, destination: str) -> None:
        """Ask for a wake-up; returns at once."""
        with self._lock:
            self._waiting.add(destination)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="nudge", daemon=True
                )
                self._thread.start()
        self._has_work.set()

    def stop(self) -> None:
        """End the thread; what was not published the beat finds."""
        self._stopping.set()
        self._has_work.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._has_work.wait()
            self._has_work.clear()
            with self._lock:
                names, self._waiting = self._waiting, set()
            for name in names:
                self._tell(name)
            self._stopping.wait(EVERY_S)

    def _tell(self, name: str) -> None:
        failpoints.reach("before_publish")
        try:
            self._publish(name)
        except Exception as error:  # noqa: BLE001  the row is written; the beat comes
            self.n_failed += 1
            log.warning("wake-up not published", error=type(error).__name__)


def publisher(broker_url: str, data_dir: Path) -> Callable[[str], None]:
    """Return what publishes a wake-up to the broker of these settings.

    Everything it needs is made with the first: a web process starts without Celery.
    """
    queue = folders(data_dir)[0]
    line = cache(lambda: _Line(_hurried(broker_url, data_dir)))

    def publish(destination: str) -> None:
        way = line()
        if not (is_one_box(broker_url) and _is_full(queue)):
            way.publish(destination)

    return publish


def _celery(name: str, broker_url: str) -> "Celery":
    from celery import Celery  # noqa: PLC0415  0.2 s and 5 MB, for who publishes only

    return Celery(name, broker=broker_url)


def _hurried(broker_url: str, data_dir: Path) -> "Celery":
    """Return what publishes, and waits for nobody."""
    settings = transport(broker_url, data_dir)
    options = hurried(broker_url, settings["broker_transport_options"])
    celery = _celery("forwarder-web", settings["broker_url"])
    celery.conf.update(
        broker_transport_options=options,
        broker_connection_timeout=0.2,
        task_publish_retry=False,
        task_ignore_result=True,
        task_default_queue=QUEUE,
    )
    return celery


class _Line:
    """One connection to the broker, for one thread; a fault makes it a new one.

    Celery's pool would keep a connection after a time-out, and what the broker had
    still to say on it would be taken for the answer to the next wake-up.
    """

    def __init__(self, celery: "Celery") -> None:
        self._celery = celery
        self._connection = celery.connection_for_write()

    def publish(self, destination: str) -> None:
        try:
            self._celery.send_task(
                "drain",
                kwargs={"destination": destination},
                queue=QUEUE,
                retry=False,
                connection=self._connection,
                confirm_timeout=CONFIRM_S,
            )
        except Exception:
            given_up = self._connection
            self._connection = self._celery.connection_for_write()
            with suppress(Exception):
                given_up.collect()
            raise


def fault_of_broker(broker_url: str) -> str:
    """Return the kind of fault when the broker does not answer, else nothing."""
    celery = _celery("forwarder-doctor", broker_url)
    try:
        with celery.connection_for_read() as connection:
            connection.ensure_connection(max_retries=1, timeout=3)
    except Exception as error:  # noqa: BLE001  whatever the transport raises
        return type(error).__name__
    return ""


def eviction_policy(broker_url: str) -> str:
    """Return what Redis does when its memory is full; empty when it does not tell."""
    if not broker_url.startswith("redis"):
        return ""
    celery = _celery("forwarder-doctor", broker_url)
    try:
        with celery.connection_for_read() as connection:
            told = connection.default_channel.client.config_get("maxmemory-policy")
    except Exception as error:  # noqa: BLE001  many providers forbid the question
        log.info("the broker does not tell its policy", error=type(error).__name__)
        return ""
    return str(told.get("maxmemory-policy", ""))


def _is_full(queue: Path) -> bool:
    return sum(1 for _ in queue.iterdir()) > WAITING_MAX
