"""A virtual environment with celery-batches, which holds Celery back to 5.6."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.servers import ROOT

FOLDER: Final = ROOT / "bench-output" / "celery-batches"
NEEDS: Final = (
    "celery-batches==0.11",
    "celery[redis]",
    "orjson",
    "psycopg[binary]",
    "requests",
)
INSTALL_WITHIN_S: Final = 180


def python_with_batches() -> Path | None:
    """Return its interpreter, installed on first use; None where that fails."""
    python = FOLDER / "bin" / "python"
    ready = FOLDER / ".ready"
    if ready.exists():
        return python
    commands = [
        [sys.executable, "-m", "venv", "--clear", str(FOLDER)],
        [str(python), "-m", "pip", "install", "--quiet", *NEEDS],
    ]
    env = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    for command in commands:
        try:
            subprocess.run(  # noqa: S603  our own words
                command,
                check=True,
                capture_output=True,
                env=env,
                timeout=INSTALL_WITHIN_S,
            )
        except (OSError, subprocess.SubprocessError) as error:
            print(f"celery-batches cannot be installed here: {type(error).__name__}")
            return None
    ready.touch()
    return python
