"""Whatever changes something leaves a line in the audit log, or stands in a list here.

Read from the source: is `audit.note` reached from a route or a command at all? Methods
are followed by their names, so this may see a way too many.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click

import forwarder
from forwarder.cli import main

ROOT = Path(forwarder.__file__).parent
WEB = ROOT / "web"
SET_UP = frozenset({"wiring", "common", "start", "lookout"})  # before any work begins
HARMLESS_METHODS = frozenset({"get", "app_errorhandler", "errorhandler"})
# Routes that leave no line, and why none is needed.
UNSEEN_ROUTES = {
    "hooks.take",  # the webhook is its own line in the log
    "api.post_events",  # so is the event
    "collect.take",  # a visitor's browser; counted
    "api_deliveries.post_person",  # asks who is there, as the list does
    "api_links.post_audit",  # follows a link, and keeps what it saw
    "console_theme.post_theme",  # a cookie of the reader's own browser
}
# Commands that change nothing of the service, or tell of themselves in another way.
UNSEEN_COMMANDS = frozenset(
    {
        *("alerts list", "alerts show", "alerts test", "api-key list", "audit"),
        *("audit-log", "completions", "db check-backup", "demo", "destinations list"),
        *("doctor", "events list", "events tail", "events webhooks"),
        *("experiments list", "experiments meaning", "experiments show"),
        *("experiments simulate", "explain", "jobs list", "jobs show", "keys list"),
        *("kpi", "kpi diagnose", "kpi tasks", "ledger", "links export"),
        *("links funnel", "links list", "links qr", "listen", "overview"),
        "pull revisions",
        *("quality", "reconcile", "reconcile estimate", "reconcile versions"),
        *("settings", "snippet ids", "snippet mirror", "trigger", "user list"),
        *("verify", "webhooks list"),
        *("web", "worker", "beat", "serve", "sandbox"),  # processes
        "init",  # before there is a log
        "db upgrade",  # the log may not be there yet
    }
)


@cache
def names_of(module: str) -> Path | None:
    path = ROOT.parent.joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.exists():
            return file
    return None


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def imported(file: Path) -> dict[str, tuple[str, str]]:
    """Return, by the name used in a module, which name of which module it is."""
    found = {}
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                found[alias.asname or alias.name] = (node.module, alias.name)
    return found


@cache
def functions(file: Path) -> dict[str, list[ast.AST]]:
    """Return functions and methods of a module by their bare names; classes too."""
    found: dict[str, list[ast.AST]] = {}
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.setdefault(node.name, []).append(node)
    return found


def mentioned(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Give what a function mentions: bare names, and names after a dot."""
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute):
            before = one.value.id if isinstance(one.value, ast.Name) else ""
            yield before, one.attr
        elif isinstance(one, ast.Name):
            yield "", one.id


def next_places(file: Path, node: ast.AST) -> Iterator[tuple[Path, str]]:
    for before, name in mentioned(node):
        known = imported(file)
        if before in known:
            module, attribute = known[before]
            inner = names_of(f"{module}.{attribute}")
            if inner is not None:
                yield inner, name
                continue
        if not before and name in known:
            there = names_of(known[name][0])
            if there is not None:
                yield there, known[name][1]
        elif not before or before in {"self", "cls"}:
            yield file, name
        if before not in known:
            yield from methods(file, name)


def methods(file: Path, name: str) -> Iterator[tuple[Path, str]]:
    """Give the method of that name of each class that a module imports by name."""
    for there in methods_of(file).get(name, ()):
        yield there, name


@cache
def methods_of(file: Path) -> dict[str, set[Path]]:
    found: dict[str, set[Path]] = {}
    for module, attribute in imported(file).values():
        there = names_of(module)
        if there is None:
            continue
        for node in functions(there).get(attribute, ()):
            own = getattr(node, "body", ()) if isinstance(node, ast.ClassDef) else ()
            for one in own:
                if isinstance(one, ast.FunctionDef):
                    found.setdefault(one.name, set()).add(there)
    return found


def is_audited(file: Path, name: str) -> bool:
    """Say whether some way from a function leads to `audit.note`."""
    waiting, seen = [(file, name)], set()
    while waiting:
        place = waiting.pop()
        if place in seen or place[0].stem in SET_UP:
            continue
        seen.add(place)
        if place[0] == ROOT / "store" / "audit.py" and place[1] == "note":
            return True
        waiting += places_after(*place)
    return False


@cache
def places_after(file: Path, name: str) -> frozenset[tuple[Path, str]]:
    nodes = functions(file).get(name, ())
    return frozenset(one for node in nodes for one in next_places(file, node))


def routes() -> Iterator[tuple[Path, str]]:
    """Give every function of the web that answers a method which may change things."""
    for file in sorted(WEB.glob("*.py")):
        for node in ast.walk(tree(file)):
            if not isinstance(node, ast.FunctionDef):
                continue
            for mark in node.decorator_list:
                method = getattr(getattr(mark, "func", None), "attr", "")
                is_route = method in {"post", "patch", "put", "delete", "route"}
                if is_route and method not in HARMLESS_METHODS:
                    yield file, node.name
                    break


def commands(group: click.Group, *before: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)
            if command.invoke_without_command and command.callback is not None:
                yield " ".join((*before, name)), command
        else:
            yield " ".join((*before, name)), command


def test_every_route_that_changes_something_is_audited() -> None:
    found = list(routes())
    silent = {f"{f.stem}.{name}" for f, name in found if not is_audited(f, name)}

    assert len(found) > 30
    assert UNSEEN_ROUTES == silent


def test_every_command_that_changes_something_is_audited() -> None:
    silent = set()
    for name, command in commands(main):
        callback = getattr(command.callback, "__wrapped__", command.callback)
        assert callback is not None
        file = Path(callback.__code__.co_filename)
        if not is_audited(file, callback.__name__):
            silent.add(name)

    assert UNSEEN_COMMANDS == silent
