"""The help of every command shows how it is called and what it answers."""

import re
import shlex
from collections.abc import Iterator

import click

from forwarder.cli import main
from forwarder.cli.examples import examples
from tests.cli.conftest import Shell
from tests.house.test_docs import fault_of

# What prints no data: it runs until it is stopped, or writes something and says so.
WITHOUT_JSON = {
    "alerts test",
    "api-key remove",
    "beat",
    "completions",
    "db backup",
    "db upgrade",
    "demo",
    "experiments meaning",
    "experiments simulate",  # JSON anyway
    "init",
    "keys retire",
    "kpi close",
    "links export",  # CSV, and `links list` is the same as JSON
    "links import",
    "links page",
    "links pause",
    "links qr",
    "links resume",
    "reconcile estimate",  # JSON anyway
    "reconcile send",
    "sandbox",
    "serve",
    "snippet ids",
    "snippet mirror",
    "user add",
    "user disable",
    "user enable",
    "user password",
    "user remove",
    "user role",
    "web",
    "worker",
}


def commands(
    group: click.Group, words: str = ""
) -> Iterator[tuple[str, click.Command]]:
    """Yield each command that does something, by its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        path = f"{words} {name}".strip()
        if found.hidden:
            continue
        if not isinstance(found, click.Group) or found.invoke_without_command:
            yield path, found
        if isinstance(found, click.Group):
            yield from commands(found, path)


COMMANDS = dict(commands(main))


def test_a15_every_command_has_an_example_in_its_help(shell: Shell) -> None:
    without = [name for name in COMMANDS if name not in examples()]
    shown = shell.run("events", "tail", "--help").stdout

    assert [] == without
    assert [] == sorted(examples().keys() - COMMANDS.keys())
    assert "Example:\n  $ forwarder events tail --status refused\n" in shown
    assert "go on from here with --after 2" in shown


def test_a15_every_example_can_be_called() -> None:
    faults = {
        name: fault
        for name, lines in examples().items()
        if (fault := fault_of_example(name, lines))
    }

    assert {} == faults


def fault_of_example(name: str, lines: str) -> str | None:
    """Return what is wrong with the calls of an example."""
    whole = lines.replace("\\\n", " ").splitlines()
    calls = [line.removeprefix("$ ") for line in whole if line.startswith("$ ")]
    faults = [None if calls else "no call in it"]
    for call in calls:
        words = shlex.split(re.split(r" >+ ", call)[0])
        if ["forwarder", *name.split()] != words[: 1 + len(name.split())]:
            faults.append(f"calls something else: {call}")
        faults.append(fault_of(words[1:]))
        faults.append(missing_in(name, words))
    return next((fault for fault in faults if fault is not None), None)


def missing_in(name: str, words: list[str]) -> str | None:
    given = {word.partition("=")[0] for word in words}
    for one in COMMANDS[name].params:
        is_asked = isinstance(one, click.Option) and one.required
        if is_asked and given.isdisjoint(one.opts):
            return f"{name} needs {one.opts[0]}"
    return None


def test_no_summary_is_cut_off_and_no_example_stands_twice(shell: Shell) -> None:
    groups = {"", *(words.split()[0] for words in COMMANDS)}
    helps = {name: shell.run(*name.split(), "--help").stdout for name in groups}
    cut = {
        name
        for name, text in helps.items()
        if "...\n" in text.partition("\nCommands:\n")[2]
    }

    assert set() == cut
    erase = shell.run("erase", "--help").stdout
    assert 1 == erase.count("forwarder erase --email -")


def test_no_help_shows_the_marks_of_its_layout(shell: Shell) -> None:
    shown = {name: shell.run(*name.split(), "--help").stdout for name in COMMANDS}

    assert [] == [name for name, text in shown.items() if "\\b" in text]


def test_a15_every_command_that_prints_data_prints_json_if_asked() -> None:
    without = {
        name
        for name, command in COMMANDS.items()
        if not any("--json" in one.opts for one in command.params)
    }

    assert without == WITHOUT_JSON
