"""What the commands share: settings or exit code 2, JSON or text."""

import getpass
import os
import sys
from pathlib import Path
from typing import Any

import click
import orjson
import structlog

from config.settings import SANDBOX_FILE, SANDBOX_URL, UnusableSettings
from forwarder.cli.locks import is_held
from forwarder.cli.start import WRONG_USE, settings_or_exit, stop_wrong_use
from forwarder.store.migrate import upgrade
from forwarder.store.seal import BadKey
from forwarder.wiring import Wired, wire

__all__ = [
    "BAD_NEWS",
    "WRONG_USE",
    "json_option",
    "known_or_exit",
    "print_json",
    "ready_or_exit",
    "settings_or_exit",
    "stop_wrong_use",
    "unseen",
    "who",
    "wired_or_exit",
]

BAD_NEWS = 1
STDIN = "-"

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def wired_or_exit(*, is_unfinished: bool = False) -> Wired:
    """Return the wired installation; exit with 2 if the settings do not allow it."""
    # Standard output is for the answer alone, and JSON must stay JSON.
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    settings = settings_or_exit(is_unfinished=is_unfinished)
    _join_sandbox(settings.service.data_dir)
    try:
        return wire(settings, "worker")
    except (BadKey, UnusableSettings) as bad:
        stop_wrong_use(str(bad))


def _join_sandbox(data_dir: Path) -> None:
    """Go where a running `serve --sandbox` goes, so that no command calls Pinterest."""
    told = data_dir / SANDBOX_FILE
    if told.exists() and is_held(data_dir / "serve.lock"):
        os.environ.setdefault(SANDBOX_URL, told.read_text(encoding="utf-8"))


def ready_or_exit(*, is_unfinished: bool = False) -> Wired:
    """Return the installation with its tables there, also before the first start."""
    return _with_tables(wired_or_exit(is_unfinished=is_unfinished))


def known_or_exit() -> Wired:
    """Return an installation that has a database; exit with 1 before the first start.

    Who only reads makes none: it would lie in whatever folder this is.
    """
    wired = wired_or_exit()
    file = wired.store.engine.url.database
    if wired.store.is_sqlite and file is not None and not Path(file).exists():
        click.echo(f"there is no {file} yet: `forwarder serve` makes it", err=True)
        raise SystemExit(BAD_NEWS)
    return _with_tables(wired)


def _with_tables(wired: Wired) -> Wired:
    if wired.store.is_sqlite:
        upgrade(wired.store)
    return wired


def print_json(data: Any) -> None:  # noqa: ANN401  whatever orjson takes
    """Print JSON for people and programs alike."""
    text = orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)
    click.echo(text.decode())


def who() -> str:
    """Return how the audit log calls whoever runs this command."""
    try:
        return f"shell:{getpass.getuser()}"
    except (KeyError, OSError):  # a number without a name, as containers have
        return "shell"


def unseen(name: str, text: str) -> str:
    """Return the value itself, read where `-` stands for it. Nothing echoes it."""
    if text != STDIN:
        return text.strip()
    if sys.stdin.isatty():
        read: str = click.prompt(name, hide_input=True)
    else:
        read = sys.stdin.readline()
    if not read.strip():
        stop_wrong_use(f"there is no {name} to read")
    return read.strip()
