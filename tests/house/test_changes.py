"""Every fragment of the changelog can be read by the person who runs the product."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"(?:\d+|\+[a-z0-9-]+)\.([a-z]+)\.md\Z")


def fragments() -> list[Path]:
    found = (ROOT / "changes").glob("*.md")
    return sorted(path for path in found if path.name != "README.md")


def known_types() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {one["directory"] for one in project["tool"]["towncrier"]["type"]}


def test_every_fragment_has_a_known_type_and_says_something() -> None:
    misnamed = [
        path.name
        for path in fragments()
        if (found := NAME.match(path.name)) is None or found[1] not in known_types()
    ]
    empty = [path.name for path in fragments() if not path.read_text().strip()]

    assert [] == misnamed
    assert [] == empty


def test_the_changelog_can_be_built() -> None:
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "0"]
    done = subprocess.run(  # noqa: S603 - our own words
        [*command, "--date", "2026-01-01"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    assert "## 0 - 2026-01-01" in done.stdout
