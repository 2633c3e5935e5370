"""The README, followed to the letter by a machine."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.servers import free_port, stop, wait_until_open

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECRET = "the-words-of-the-shop"


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def plain_env(**more: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FORWARDER_", "PYTEST_"))
    }
    return {**kept, **more}


def run(*words: str, cwd: Path, env: dict[str, str]) -> str:
    done = subprocess.run(  # noqa: S603  our own interpreter
        [sys.executable, "-P", "-m", "forwarder", *words],
        cwd=cwd,
        env={**env, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_five_minutes_lead_to_a_delivered_order(tmp_path: Path) -> None:
    five_minutes = README.partition("<!-- five-minutes -->")[2]
    first, then, *_ = blocks("sh", five_minutes)
    words = first.replace("\\\n", " ").split()
    adding, _, trying, *_ = [line.split() for line in then.splitlines()]
    assert ["forwarder"] * 3 == [words[0], adding[0], trying[0]]
    told = run(*words[1:], cwd=tmp_path, env=plain_env())
    assert "https://events.example.com/hooks/my-shop" in told
    password = tmp_path / "password"
    password.write_text("correct horse battery")
    env_file = tmp_path / ".env"
    env_file.write_text(env_file.read_text().replace("put-the-secret-here", SECRET))
    run(*adding[1:], f"--password-file={password}", cwd=tmp_path, env=plain_env())

    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with (tmp_path / "log").open("wb") as log:
        serving = subprocess.Popen(  # noqa: S603  our own interpreter
            [sys.executable, "-P", "-m", "forwarder", "serve", "--sandbox",
             f"--port={port}"],
            cwd=tmp_path, env=plain_env(PYTHONPATH=str(ROOT)), stdout=log, stderr=log,
        )  # fmt: skip
    try:
        wait_until_open(port, serving)
        words = [word.replace("http://127.0.0.1:8000", address) for word in trying]
        run(*words[1:], cwd=tmp_path, env=plain_env())
        line = settled_line(tmp_path)
        page = requests.get(f"{address}/console/", timeout=10)
    finally:
        stop(serving, within_s=40)

    assert "checkout" in line
    assert 200 == page.status_code


def test_the_command_is_found_from_an_empty_folder(tmp_path: Path) -> None:
    command = tmp_path / "checkout/.venv/bin/forwarder"
    command.parent.mkdir(parents=True)
    command.write_text("#!/bin/sh\necho found\n")
    command.chmod(0o755)
    (line,) = blocks("sh", README.partition("<!-- path -->")[2])[0].splitlines()
    done = subprocess.run(  # noqa: S603  the line of the README
        ["/bin/sh", "-c", f"{line}; mkdir ../empty; cd ../empty; forwarder"],
        cwd=tmp_path / "checkout",
        env=plain_env(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert "found\n" == done.stdout
    assert "> $(BIN)/forwarder" in (ROOT / "Makefile").read_text("utf-8")


def settled_line(folder: Path) -> str:
    """Return the log's only line once it is settled; the sample's person is at an
    example address, which a live destination leaves out."""
    for _ in range(100):
        listed = run("events", "list", cwd=folder, env=plain_env())
        if "delivered" in listed or "refused" in listed:
            return listed
    raise AssertionError(listed)


@pytest.mark.slow
def test_a_made_up_shop_takes_one_module_one_line_a_sample_and_a_golden(
    tmp_path: Path,
) -> None:
    copy = tmp_path / "copy"
    ignored = shutil.ignore_patterns(".git", ".venv", "__pycache__", "*-output", "var")
    shutil.copytree(ROOT, copy, ignore=ignored)
    section = README.partition("## Add a shop")[2].partition("## Add a destination")[0]
    module = copy / "forwarder/sources/cornershop.py"
    module.write_text(blocks("python", section)[0])
    roll = copy / "forwarder/sources/__init__.py"
    text = roll.read_text()
    text = text.replace("    brevo,\n", "    brevo,\n    cornershop,\n", 1)
    text = text.replace('"kit": kit,', '"cornershop": cornershop,\n        "kit": kit,')
    roll.write_text(text)
    sample = copy / "forwarder/samples/cornershop/order-paid.http"
    sample.parent.mkdir()
    sample.write_text(blocks("http", section)[0])

    outputs = [
        in_copy(copy, *line.split()) for line in blocks("sh", section)[0].splitlines()
    ]

    golden = sample.with_suffix(".event.json").read_text()
    assert '"event_id": "tag-900100"' in golden
    assert '"amount": "18.40"' in golden
    assert " passed" in outputs[-1]
    assert "unsigned" not in sample.read_text()
    in_copy(copy, "mypy", "forwarder/sources")
    in_copy(copy, "ruff", "check", "forwarder/sources")


def in_copy(copy: Path, *words: str) -> str:
    module = words[1:] if words[0] == "python" else ("-m", *words)
    done = subprocess.run(  # noqa: S603  our own interpreter
        [sys.executable, *module],
        cwd=copy,
        env=plain_env(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout
