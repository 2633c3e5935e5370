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
         "worker_prefetch_multiplier", "accept_content", "task_publish_retry",
         "broker_url", "beat_schedule", "result_backend", "task_default_queue"]
print(json.dumps({name: door.app.conf[name] for name in names}))
"""


def conf(settings_file: Path, **env: str) -> dict[str, Any]:
    """What the worker door sets Celery to, in a process of its own."""
    found = subprocess.run(  # noqa: S603  our own interpreter
        [sys.executable, "-c", SCRIPT],
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
    told: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return told


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


def test_many_boxes_share_a_broker_that_may_lose_everything(
    settings_file: Path,
) -> None:
    told = conf(settings_file, FORWARDER_BROKER_URL="redis://127.0.0.1:9/0")

    assert "redis://127.0.0.1:9/0" == told["broker_url"]
    assert 5.0 == told["beat_schedule"]["drain"]["schedule"]
    assert (True, True, True, 1, ["json"], False, None) == (
        told["task_acks_late"],
        told["task_reject_on_worker_lost"],
        told["task_ignore_result"],
        told["worker_prefetch_multiplier"],
        told["accept_content"],
        told["task_publish_retry"],
        told["result_backend"],
    )
    for entry in told["beat_schedule"].values():
        assert entry["options"]["expires"] >= entry["schedule"]
        assert "args" not in entry


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
