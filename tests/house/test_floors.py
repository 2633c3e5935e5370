"""Imports only go down, and the core needs nothing but Python."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = {"forwarder", "workers", "config"}
LINES_MAX = 50
# Imported under another name, or part of a dependency that documents it as its own.
COMES_WITH = {
    "dotenv": "python_dotenv",
    "jinja2": "flask",
    "markupsafe": "flask",
    "urllib3": "requests",
    "werkzeug": "flask",
}


def python_files(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted(path for path in found if "versions" not in path.parts)


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_every_import_contract_is_kept() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo"]
    done = subprocess.run(  # noqa: S603 - our own words
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert 0 == done.returncode, done.stdout + done.stderr


def test_the_core_imports_the_standard_library_only() -> None:
    strangers = {
        f"{path.name}: {name}"
        for path in python_files("forwarder/core")
        for name in imported(path)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not name.startswith("forwarder.core")
    }

    assert set() == strangers


def test_every_package_that_is_imported_is_a_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    known = " ".join(project["project"]["dependencies"]).lower().replace("-", "_")
    names = {
        name.partition(".")[0]
        for path in python_files(*OURS)
        for name in imported(path)
    } - OURS - set(sys.stdlib_module_names)  # fmt: skip

    assert [] == [
        name for name in sorted(names) if COMES_WITH.get(name, name) not in known
    ]


# What stays resident or has to be there at once, and what it has no use for.
WITHOUT = {
    "forwarder.cli": ("numpy", "scipy", "flask", "sqlalchemy"),
    "forwarder.cli.serve": ("celery", "forwarder.sources", "orjson", "requests"),
    "forwarder.cli.roles": ("flask", "sqlalchemy", "celery", "requests"),
    "forwarder.app": (
        *("alembic", "celery", "kombu", "numpy", "phonenumbers", "scipy"),
        *("sentry_sdk", "granian"),
    ),
}


@pytest.mark.parametrize("door", sorted(WITHOUT))
def test_a_door_starts_without_what_it_does_not_use(door: str) -> None:
    code = f"import sys, {door}; print(set({WITHOUT[door]}) & set(sys.modules))"
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "set()" == done.stdout.strip()


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_function_is_about_two_things() -> None:
    long = [
        f"{path.relative_to(ROOT)} {name}: {n_lines} lines"
        for path in python_files(*OURS)
        for name, n_lines in functions(path)
        if n_lines > LINES_MAX
    ]

    assert [] == long


@pytest.mark.parametrize("folder", sorted(OURS))
def test_every_module_says_what_it_is_for(folder: str) -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in python_files(folder)
        if ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]

    assert [] == silent
