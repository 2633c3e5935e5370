"""The Celery application: `celery -A workers.app worker` and `… beat`."""

import os
import warnings
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_shutting_down

from config.settings import Settings, load
from forwarder import __version__, telemetry
from forwarder.broker import QUEUE, folders, is_one_box, transport
from forwarder.sources import SOURCES
from workers.reports import EVERY_S as REPORTS_S
from workers.state import stop
from workers.upkeep import EVERY_S

TICK_ONE_BOX_S = 1.0
TICK_SERVER_S = 5.0
PULL_S = 900.0  # a look; a pull comes of it once a day
SWEEP_S = 600.0
CLICKS_S = 2.0
AUDITS_S = 5.0
ASKED_S = 5.0  # somebody waits for it
BEAT_SEEN_S = 60.0
MODULES = (  # with tasks, or with what begins and ends with the worker
    "workers.tasks",
    "workers.upkeep",
    "workers.reports",
    "workers.kpi",
    "workers.missing",
    "workers.poll",
    "workers.clicks",
    "workers.threads",
)


def make_app(settings: Settings) -> Celery:
    """Return the application for these settings."""
    service = settings.service
    celery = Celery("forwarder", include=MODULES)
    celery.conf.update(
        **transport(service.broker_url, service.data_dir),
        task_default_queue=QUEUE,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_acks_on_failure_or_timeout=True,
        task_ignore_result=True,
        task_publish_retry=False,
        task_soft_time_limit=90,
        task_time_limit=120,
        accept_content=["json"],
        worker_pool="threads",
        worker_concurrency=service.worker_threads,
        worker_prefetch_multiplier=1,
        # Else each task that ends after a lost line to RabbitMQ speaks on the new one
        # from its own thread, and the worker hears nothing more.
        worker_enable_prefetch_count_reduction=False,
        worker_redirect_stdouts=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_soft_shutdown_timeout=20,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        visibility_timeout=600,
        beat_schedule=_beat(settings),
        # The default keeps a file, over which two beats of one machine fall.
        beat_scheduler="celery.beat:Scheduler",
        timezone="UTC",
    )
    return celery


def _beat(settings: Settings) -> dict[str, Any]:
    """Return the periodic wake-ups; a missed one is worth nothing, so they expire."""
    is_small = is_one_box(settings.service.broker_url)
    tick_s = TICK_ONE_BOX_S if is_small else TICK_SERVER_S
    every_s = {
        "drain": tick_s,
        "enrich": 2 * tick_s,
        "upkeep": EVERY_S,
        "import_missing": PULL_S,
        "reports": REPORTS_S,
        "pull_reports": PULL_S,
        "kpi_day": PULL_S,
        "beat_seen": BEAT_SEEN_S,
        "import_clicks": CLICKS_S,
        "audit_links": AUDITS_S,
        "sweep": SWEEP_S,
    }
    if any(one.api_key for one in settings.endpoints.values()):
        every_s["ask_shops"] = ASKED_S
    patient = {"drain", "enrich"}  # the wake-up before may still be at work
    return {
        task: {
            "task": task,
            "schedule": period_s,
            "options": {"expires": period_s * (2 if task in patient else 1)},
        }
        for task, period_s in every_s.items()
    }


def forget_old_wake_ups(settings: Settings) -> None:
    """Empty the wake-up folder of one box: the rows are the truth."""
    service = settings.service
    if is_one_box(service.broker_url):
        for file in folders(service.data_dir)[0].glob("*.msg"):
            file.unlink(missing_ok=True)


@setup_logging.connect
def _log(**_: object) -> None:
    """Keep Celery from setting up its own logging."""


@worker_shutting_down.connect
def _stop(**_: object) -> None:
    """Let running drains end after the batch in hand."""
    stop()


# Containers run as root; what a worker unpickles, Celery's reason to warn, is nothing.
warnings.filterwarnings("ignore", module="celery.platforms")
settings = load(os.environ, sources=SOURCES)
telemetry.setup(
    "worker", settings.service.log_level, settings.service.sentry_dsn, __version__
)
settings.service.data_dir.mkdir(parents=True, exist_ok=True)
forget_old_wake_ups(settings)
app = make_app(settings)
