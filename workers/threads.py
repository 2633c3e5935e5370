"""What runs beside the tasks in every worker: watch, watchdog, ear, and the beat."""

import os
import threading
import time
from functools import partial
from typing import Any

import structlog
from celery.app import app_or_default
from celery.beat import EmbeddedService, Scheduler
from celery.signals import (
    task_postrun,
    task_prerun,
    worker_init,
    worker_shutdown,
    worker_shutting_down,
)

from forwarder.broker import is_one_box
from forwarder.store import watch
from workers.ear import Ear, wake_ups_waiting
from workers.pulse import Watchdog, end_process, pulse
from workers.state import is_stopping, rest, wired
from workers.watch import listen_on, watch_on

BEAT_INSIDE = "FORWARDER_BEAT"  # set by `forwarder worker --beat`
JOIN_S = 12.0  # a message that is on its way leaves before that
LAST_S = 26.0  # a request in flight is written down by then; the promise is 30 s

log = structlog.get_logger(__name__)


class _Running:
    """How many tasks run in this process right now."""

    def __init__(self) -> None:
        self.n = 0
        self._lock = threading.Lock()

    def change(self, by: int) -> None:
        with self._lock:
            self.n += by


running = _Running()
_watching = threading.Thread(target=watch_on, name="watch", daemon=True)
_beats: list[Any] = []


def _begin_task(**_: object) -> None:
    pulse.hear()
    running.change(1)


def _end_task(**_: object) -> None:
    running.change(-1)


def _start(**_: object) -> None:
    """Watch from the first moment on, also while the broker is down."""
    service = wired().settings.service
    Watchdog(_end_this, rest, _fault_of_disk).start()
    _watching.start()
    if not is_one_box(service.broker_url):
        celery = app_or_default()
        ear = Ear(
            partial(wake_ups_waiting, celery),
            pulse,
            lambda: running.n >= service.worker_threads,
        )
        threading.Thread(target=listen_on, args=(ear,), name="ear", daemon=True).start()
    if BEAT_INSIDE in os.environ:
        _start_beat()


def _start_beat() -> None:
    """Beat in a thread: Celery's own embedded beat is a second process of 40 MB."""
    beat = EmbeddedService(app_or_default(), thread=True, scheduler_cls=Scheduler)
    beat.start()
    _beats.append(beat)


def _fault_of_disk() -> str:
    unsure = wired().store.is_unsure
    return "the disk did not confirm a write" if unsure else ""


def _end_in_time(**_: object) -> None:
    """See to it that this process ends: a hung broker may hold Celery for longer."""
    threading.Thread(target=_end_for_good, name="last", daemon=True).start()


def _end_for_good() -> None:
    time.sleep(LAST_S)
    log.warning("the broker does not let go: this worker ends without it")
    os._exit(0)


def _end_this(fault: str) -> None:
    if not is_stopping():
        end_process(fault, wired().settings.service.data_dir)


def _end(**_: object) -> None:
    """Let the last message leave, and be gone from the list of workers."""
    for beat in _beats:
        beat.stop()
    _watching.join(JOIN_S)
    watch.forget_worker(wired().store, wired().desk(is_stopping).worker)


task_prerun.connect(_begin_task)
task_postrun.connect(_end_task)
worker_init.connect(_start)
worker_shutting_down.connect(_end_in_time)
worker_shutdown.connect(_end)
