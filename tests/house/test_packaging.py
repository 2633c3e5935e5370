"""The wheel is whole: built here, unpacked elsewhere, it runs without the checkout."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from forwarder import __version__

ROOT = Path(__file__).resolve().parents[2]
INSIDE = (
    "config/example.toml",
    "forwarder/sandbox/schema.json",
    "forwarder/samples/__init__.py",
    "forwarder/store/migrations/env.py",
    "workers/app.py",
)
FOLDERS_INSIDE = (
    "forwarder/manual/sources/",
    "forwarder/samples/shopify/",
    "forwarder/store/migrations/versions/",
    "forwarder/web/static/",
    "forwarder/web/templates/",
)


def run(*command: str, cwd: Path, timeout_s: float = 120) -> str:
    """Return what a command printed; our checkout and our settings are out of sight."""
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(  # noqa: S603 - our own words
        command,
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )

    assert 0 == done.returncode, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    subprocess.run(  # noqa: S603 - our own words
        [*command, "-d", str(folder)], cwd=ROOT, check=True, capture_output=True
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A fresh environment with the wheel, and the dependencies of this one."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(packages)
    here = sysconfig.get_path("purelib")
    (packages / "dependencies.pth").write_text(f"{here}\n", encoding="utf-8")
    return folder


def test_the_wheel_holds_what_the_product_reads_at_run_time(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert [] == [name for name in INSIDE if name not in names]
    assert [] == [
        folder
        for folder in FOLDERS_INSIDE
        if not any(name.startswith(folder) for name in names)
    ]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}

    assert {"forwarder", "workers", "config"} == {
        top for top in tops if not top.endswith(".dist-info")
    }
    assert [] == [name for name in names if name.endswith((".pyc", ".env", ".db"))]


def test_the_installed_command_tells_its_version(elsewhere: Path) -> None:
    python = str(elsewhere / "bin/python")
    code = (
        "from importlib.metadata import distribution as d; "
        "(c,) = d('pin-forwarder').entry_points.select(name='forwarder'); c.load()(); "
    )

    assert __version__ in run(python, "-c", code, "--version", cwd=elsewhere)
    assert __version__ in run(python, "-m", "forwarder", "--version", cwd=elsewhere)
    assert str(elsewhere) in run(
        python, "-c", "import forwarder; print(forwarder.__file__)", cwd=elsewhere
    )


@pytest.mark.slow
def test_the_installed_demo_reconciles(elsewhere: Path, tmp_path: Path) -> None:
    python = str(elsewhere / "bin/python")
    run(python, "-m", "forwarder", "demo", "--webhooks", "60", cwd=tmp_path)
    summary = json.loads((tmp_path / "demo-output/summary.json").read_text())

    assert summary["delivered"] == summary["sandbox_unique"]
    assert 0 == summary["pending"]
    assert summary["events"] == (
        summary["delivered"] + summary["refused"] + summary["skipped"]
    )
