"""Look up known vulnerabilities of the locked packages; say plainly what was not found.

    python tests/audit_dependencies.py

Ends with 1 when one is known. Without the advisory service, or where it does not know
our packages (a mirror that serves no advisories), it says so and ends with 0: nothing
was found then, and nothing was proven either.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
LOCK: Final = "requirements.lock"
WITHIN_S: Final = 120
NOT_ASKED: Final = "The advisory service could not be asked ({why}): nothing is proven."
ASK_LATER: Final = "Run this again where it can be: it is `make test`'s own step."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to say, and whether a vulnerability is known."""

    sentences: Sequence[str]
    is_bad: bool = False


def judge(report: Mapping[str, Any]) -> Verdict:
    """Return what a report of pip-audit means."""
    packages = report.get("dependencies", [])
    unknown = [one for one in packages if "skip_reason" in one]
    bad = [
        f"{one['name']} {one['version']}: {fault['id']}"
        f" (mended in {', '.join(fault['fix_versions']) or 'no version yet'})"
        for one in packages
        for fault in one.get("vulns", [])
    ]
    n_asked = len(packages) - len(unknown)
    said = [f"{n_asked} of {len(packages)} locked packages were looked up."]
    if unknown:
        said.append(
            f"The advisory service does not know {len(unknown)} of them: about those "
            "nothing is proven."
        )
    if bad:
        return Verdict([*said, "Known vulnerabilities:", *bad], is_bad=True)
    if n_asked:
        said.append("No vulnerability of those is known.")
    return Verdict(said)


def ask() -> Verdict:
    """Ask about the lock, without installing or resolving anything."""
    command = [
        sys.executable, "-m", "pip_audit", "-r", LOCK, "--disable-pip", "--no-deps",
        "--format=json", "--progress-spinner=off", "--desc=off",
    ]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603  our own words
            command, cwd=ROOT, capture_output=True, text=True, timeout=WITHIN_S,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Verdict([NOT_ASKED.format(why=f"no answer in {WITHIN_S} s"), ASK_LATER])
    try:
        return judge(json.loads(done.stdout))
    except json.JSONDecodeError:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        return Verdict([NOT_ASKED.format(why=last[0][:200]), ASK_LATER])


if __name__ == "__main__":
    verdict = ask()
    sys.stdout.write("\n".join(verdict.sentences) + "\n")
    sys.exit(1 if verdict.is_bad else 0)
