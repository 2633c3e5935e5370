import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workers import poll as polling

SCRIPT = """
import json, workers.app as door
names = ["task_acks_late", "task_reject_on_worker_lost", "task_ignore_result",
         "worker_prefetch_multiplier", "worker_enable_prefetch_count_reduction",
         "accept_content", "task_publish_retry",
         "broker_url", "beat_schedule", "beat_scheduler", "result_backend",
         "task_default_queue"]
print(json.dumps({name: door.app.conf[name] for name in names}))
"""


HEAVY = """
import json, sys
from workers.app import app
from workers.state import wired
wired()
app.loader.import_default_modules()
worker = app.Worker(quiet=True)
from workers.reports import reports
reports()
print(json.dumps([app.conf.worker_pool, sorted(app.tasks), sorted(sys.modules)]))
"""


def conf(settings_file: Path, **env: str) -> dict[str, Any]:
    """What the worker door sets Celery to, in a process of its own."""
    told: dict[str, Any] = said(settings_file, SCRIPT, **env)
    return told


def said(settings_file: Path, script: str, **env: str) -> Any:  # noqa: ANN401  JSON
    """Run a script in a process of its own and return the last line it printed."""
    found = subprocess.run(  # noqa: S603  our own interpreter
        [sys.executable, "-c", script],
        env={
            **os.environ,
            "FORWARDER_CONFIG": str(settings_file),
            "PYTHONPATH": os.pathsep.join(sys.path),
            **env,
        },
        capture_output=True,
        check=True,
        text=True,
    )
    return json.loads(found.stdout.splitlines()[-1])


def test_one_box_needs_no_broker_and_forgets_old_wake_ups(settings_file: Path) -> None:
    queue = settings_file.parent / "var" / "broker" / "queue"
    queue.mkdir(parents=True)
    (queue / "old.msg").write_text("{}")
    told = conf(settings_file)

    assert [] == list(queue.iterdir())
    assert told["broker_url"].endswith("://localhost/")
    periods = {n: entry["schedule"] for n, entry in told["beat_schedule"].items()}
    assert (1.0, 2.0, 600.0, 900.0) == tuple(
        periods[name] for name in ("drain", "enrich", "sweep", "import_missing")
    )
    assert "ask_shops" not in periods  # no shop has a key: there is nobody to ask
    settings_file.write_text(f'{settings_file.read_text()}api_key = "rk_x"\n')
    assert 5.0 == conf(settings_file)["beat_schedule"]["ask_shops"]["schedule"]


def test_many_boxes_share_a_broker_that_may_lose_everything(
    settings_file: Path,
) -> None:
    told = conf(settings_file, FORWARDER_BROKER_URL="redis://127.0.0.1:9/0")

    assert "redis://127.0.0.1:9/0" == told["broker_url"]
    assert 5.0 == told["beat_schedule"]["drain"]["schedule"]
    assert (True, True, True, 1, False, ["json"], False, None) == (
        told["task_acks_late"],
        told["task_reject_on_worker_lost"],
        told["task_ignore_result"],
        told["worker_prefetch_multiplier"],
        told["worker_enable_prefetch_count_reduction"],
        told["accept_content"],
        told["task_publish_retry"],
        told["result_backend"],
    )
    # Two beats of one machine shared the file of the default, and fell over it.
    assert "celery.beat:Scheduler" == told["beat_scheduler"]
    for entry in told["beat_schedule"].values():
        assert entry["options"]["expires"] >= entry["schedule"]
        assert "args" not in entry


def test_a_new_worker_loads_nothing_that_it_does_not_use(settings_file: Path) -> None:
    pool, tasks, modules = said(settings_file, HEAVY)

    assert "threads" in pool
    assert {"drain", "enrich", "sweep", "ask_shops", "kpi_day"} <= set(tasks)
    assert [] == sorted(
        {
            *("alembic", "celery.bin.celery", "flask", "granian", "numpy"),
            *("phonenumbers", "prompt_toolkit", "scipy", "sentry_sdk", "segno"),
        }
        & set(modules)
    )


def test_a_worker_with_faulty_settings_says_so_and_ends(settings_file: Path) -> None:
    settings_file.write_text("[service]\nlog_level = 'loud'\n")
    done = subprocess.run(
        [sys.executable, "-m", "forwarder", "worker", "--beat"],
        env={**os.environ, "FORWARDER_CONFIG": str(settings_file)},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )

    assert 2 == done.returncode
    assert "log_level" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_look_that_fails_does_not_end_the_looking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    ends = iter([False, False, True])

    def fail() -> None:
        done.append("drain")
        raise OSError("the database is gone")

    monkeypatch.setattr(polling, "drain", fail)
    monkeypatch.setattr(polling, "enrich", lambda: done.append("enrich"))
    monkeypatch.setattr(polling, "rest", lambda _: next(ends))

    polling.poll()

    assert ["drain", "enrich"] * 3 == done
