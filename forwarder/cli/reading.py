"""Options that say how an exported file is to be read, shared by all imports."""

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import click

from forwarder.cli.common import BAD_NEWS, print_json, stop_wrong_use
from forwarder.reconcile.figures import DateOrder, DecimalMark
from forwarder.reconcile.tag_report import Faults

CODE_CHARS = 3
ORDERS: dict[str, DateOrder] = {"day-first": "day first", "month-first": "month first"}
MARKS: dict[str, DecimalMark] = {"point": ".", "comma": ","}
Command = TypeVar("Command", bound=Callable[..., Any])


def code(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    """Return a currency in upper case; exit with 2 if it is none."""
    if text is None:
        return None
    if not (len(text) == CODE_CHARS and text.isascii() and text.isalpha()):
        stop_wrong_use(f"--currency {text}: three letters, such as EUR")
    return text.upper()


def pair(option: str, text: str, form: str) -> tuple[str, str]:
    """Return the two halves of NAME=WORD; exit with 2 if there is no =."""
    name, equals, word = text.rpartition("=")
    if not equals:
        stop_wrong_use(f"{option} {text}: {form}")
    return name, word


def reading_options(command: Command) -> Command:
    """Add what settles a file that can be read in two ways, and the dry run."""
    for option in (
        click.option(
            "--date-order",
            type=click.Choice(list(ORDERS)),
            help="How 03/04/2026 is meant, when the column does not show it.",
        ),
        click.option(
            "--decimal",
            type=click.Choice(list(MARKS)),
            help="How 1,234 is meant, when the column does not show it.",
        ),
        click.option("--dry-run", is_flag=True, help="Show what was understood, stop."),
        click.option("--yes", is_flag=True, help="Do not ask."),
    ):
        command = option(command)
    return command


def said_order(word: str | None) -> DateOrder | None:
    """Return what `--date-order` says; None when it was not given."""
    return None if word is None else ORDERS[word]


def said_mark(word: str | None) -> DecimalMark | None:
    """Return what `--decimal` says; None when it was not given."""
    return None if word is None else MARKS[word]


def stop_with(faults: Faults, *, as_json: bool) -> NoReturn:
    """Tell every fault of a file and exit with 1."""
    if as_json:
        print_json({"errors": faults.messages})
    for message in faults.messages:
        click.echo(message, err=True)
    raise SystemExit(BAD_NEWS)
