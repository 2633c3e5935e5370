"""Install the servers that tests start, where that is possible: root on Debian.

PostgreSQL comes with its wheel. What cannot be installed is said in words, and the
tests that need it skip themselves, or fail where CI is set.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

WANTED: Final = {
    "redis-server": ("redis-server",),
    "rabbitmq-server": ("rabbitmq-server",),
    "chromium": ("chromium", "fonts-liberation"),
    "nginx": ("nginx",),
}
WAIT_FOR_LOCK: Final = ("-o", "DPkg::Lock::Timeout=120")
# RUNLEVEL keeps Debian from starting a service that only tests want.
ENV: Final = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}


def main() -> int:
    missing = [name for name in WANTED if shutil.which(name) is None]
    if not missing:
        return 0
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        say(
            f"Not installed, and only root on Debian gets it here: {', '.join(missing)}"
        )
        return 0
    packages = [package for name in missing for package in WANTED[name]]
    say(f"Installing {', '.join(packages)}")
    if run(apt, "update") and run(apt, "install", "--no-install-recommends", *packages):
        return 0
    names = ", ".join(packages)
    say(f"apt-get could not install {names}; tests will say what they miss")
    return 0


def run(apt: str, verb: str, *words: str) -> bool:
    """Say whether apt-get did it; its own words appear only when it did not."""
    command = [apt, "-y", "-qq", *WAIT_FOR_LOCK, verb, *words]
    done = subprocess.run(  # noqa: S603 - our own words
        command, env={**os.environ, **ENV}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        say(tail(done.stderr.splitlines()))
    return done.returncode == 0


def tail(lines: Sequence[str]) -> str:
    return "\n".join(lines[-5:])


def say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
