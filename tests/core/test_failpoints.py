import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from forwarder.core.failpoints import CLOCK, FOLDER, TAKEN

PASS_TWICE = """
from forwarder.core.failpoints import reach
reach("here")
reach("elsewhere")
print("once", flush=True)
reach("here")
print("twice")
"""


def passed(folder: Path | None) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != FOLDER}
    env = kept if folder is None else {**kept, FOLDER: str(folder)}
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", PASS_TWICE],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_the_variable_every_place_is_passed(tmp_path: Path) -> None:
    (tmp_path / "here").write_text("kill 1")
    done = passed(None)

    assert (0, "once\ntwice\n") == (done.returncode, done.stdout)
    assert (tmp_path / "here").exists()


def test_without_an_order_every_place_is_passed(tmp_path: Path) -> None:
    done = passed(tmp_path)

    assert (0, "once\ntwice\n") == (done.returncode, done.stdout)


def test_an_order_is_carried_out_once_at_the_time_it_names(tmp_path: Path) -> None:
    (tmp_path / "here").write_text("kill 2")
    killed = passed(tmp_path)
    again = passed(tmp_path)

    assert (-signal.SIGKILL, "once\n") == (killed.returncode, killed.stdout)
    assert (0, "once\ntwice\n") == (again.returncode, again.stdout)
    assert [f"here{TAKEN}"] == [one.name for one in tmp_path.iterdir()]


def test_an_order_may_be_to_wait(tmp_path: Path) -> None:
    (tmp_path / "here").write_text("0.2 1")
    started_s = monotonic()
    done = passed(tmp_path)

    assert (0, "once\ntwice\n") == (done.returncode, done.stdout)
    assert monotonic() - started_s >= 0.2


def test_a_file_says_by_how_much_the_clock_is_wrong(tmp_path: Path) -> None:
    ask = "from forwarder.core.failpoints import now; print(now().timestamp())"
    (tmp_path / CLOCK).write_text("-7200")
    told = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", ask],
        env={**os.environ, FOLDER: str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    right_s = datetime.now(UTC).timestamp()  # noqa: TID251 - to compare with

    assert -7_260 < float(told.stdout) - right_s < -7_190
