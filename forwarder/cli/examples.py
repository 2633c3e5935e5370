"""An example of input and output for the help of each command, kept in one page.

Beside the commands they would be half of each module; here a reader finds them all.
"""

import re
from functools import cache
from importlib.resources import files

import click

_PART = re.compile(
    r"^## (?P<name>[^\n]+)\n\n```\n(?P<lines>.*?)^```", re.MULTILINE | re.DOTALL
)


@cache
def examples() -> dict[str, str]:
    """Return the example of each command by its words, such as `events list`."""
    page = files("forwarder.cli").joinpath("examples.md").read_text(encoding="utf-8")
    return {found["name"]: found["lines"] for found in _PART.finditer(page)}


def with_examples(command: click.Command, words: str) -> click.Command:
    """Return the command with the example of its page, and so for those below it."""
    lines = examples().get(words)
    told = command.help if command.help is not None else ""
    command.short_help = told.partition("\n")[0]  # click would cut it off
    if lines is not None:
        command.help = _without_repeat(told, lines)
        # \\b keeps the lines as they are; an empty one would end that.
        kept = re.sub(r"\n(?=\n)", "\n ", lines.rstrip())
        command.epilog = f"\b\nExample:\n{kept}"
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            with_examples(below, f"{words} {name}")
    return command


def _without_repeat(told: str, lines: str) -> str:
    """Return a command's words without an example that its page shows as well."""
    words, _, call = told.rpartition("Example: ")
    is_shown = " ".join(call.split()) in " ".join(lines.split())
    return words.rstrip() if words and is_shown else told
