"""What people are told is a sentence of ours, never the text of a foreign exception."""

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOORS = sorted(
    [*(ROOT / "forwarder/web").glob("*.py"), *(ROOT / "forwarder/cli").rglob("*.py")]
)
TELLING = {"flash", "abort", "echo", "stop_wrong_use", "refuse", "fail", "answer"}
# Parts of foreign exceptions that are words or numbers of their own, not their text.
HARMLESS_PARTS = {"msg", "pos", "lineno", "code", "name", "strerror", "errors"}
# Where the text is ours all the same.
OURS = {
    "forwarder/cli/__init__.py",  # all but `StoreDown` was raised again
    "forwarder/cli/explain.py",  # the parser names the line of the operator's own file
    "forwarder/cli/report.py",  # raised with a sentence by the estimators
}
SIGNS_OF_A_TRACE = re.compile(
    r"Traceback|Exception\b|Errno|NoneType|<class|object at 0x"
)


@dataclass(frozen=True)
class Message:
    """A call that tells somebody something, and where it stands."""

    place: str
    call: ast.Call

    @property
    def texts(self) -> list[str]:
        return [
            str(one.value)
            for one in ast.walk(self.call)
            if isinstance(one, ast.Constant) and isinstance(one.value, str)
        ]


def messages(tree: ast.AST, file: Path) -> Iterator[Message]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in TELLING:
            yield Message(f"{file.relative_to(ROOT)}:{node.lineno}", node)


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def foreign_texts(tree: ast.AST, file: Path) -> Iterator[str]:
    """Name the messages that repeat an exception which is not one of ours."""
    for handler in ast.walk(tree):
        if not isinstance(handler, ast.ExceptHandler) or handler.name is None:
            continue
        if not any(map(_is_foreign, _types(handler))):
            continue
        for message in messages(handler, file):
            if _repeats(message.call, handler.name):
                yield f"{message.place} repeats {_types(handler)}"


def _types(handler: ast.ExceptHandler) -> list[str]:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return [ast.unparse(one) for one in kinds if one is not None]


def _is_foreign(name: str) -> bool:
    """Say whether an exception is Python's or a library's: its text is not ours."""
    return ("." in name and not name[0].isupper()) or hasattr(builtins, name)


def _repeats(call: ast.Call, name: str) -> bool:
    """Say whether the exception itself, or all of its text, is in the message."""
    parts = {
        id(node.value)
        for node in ast.walk(call)
        if isinstance(node, ast.Attribute) and node.attr in HARMLESS_PARTS
    }
    return any(
        isinstance(node, ast.Name)
        and node.id == name
        and id(node) not in parts
        and not _is_of_type(call, node)
        for node in ast.walk(call)
    )


def _is_of_type(call: ast.Call, name: ast.Name) -> bool:
    return any(
        isinstance(node, ast.Call)
        and _name(node.func) == "type"
        and node.args
        and node.args[0] is name
        for node in ast.walk(call)
    )


def test_no_message_repeats_the_text_of_a_foreign_exception() -> None:
    found = [
        fault
        for file in DOORS
        if str(file.relative_to(ROOT)) not in OURS
        for fault in foreign_texts(ast.parse(file.read_text("utf-8")), file)
    ]

    assert [] == found


def test_no_message_looks_like_a_trace() -> None:
    told = [
        message
        for file in DOORS
        for message in messages(ast.parse(file.read_text("utf-8")), file)
    ]

    assert len(told) > 150
    assert [] == [
        f"{one.place} {text}"
        for one in told
        for text in one.texts
        if SIGNS_OF_A_TRACE.search(text)
    ]


def test_every_page_that_refuses_says_more_than_the_number() -> None:
    """`abort` with a number alone shows the library's sentence."""
    bare = [
        message.place
        for file in DOORS
        if file.name.startswith(("console", "session"))
        for message in messages(ast.parse(file.read_text("utf-8")), file)
        if _name(message.call.func) == "abort" and len(message.call.args) < 2
    ]

    assert [] == bare


def test_the_search_finds_a_foreign_text() -> None:
    words = (
        "try:\n    f()\nexcept OSError as e:\n    click.echo(f'no: {e}', err=True)\n"
    )
    file = ROOT / "forwarder/cli/made_up.py"

    assert 1 == len(list(foreign_texts(ast.parse(words), file)))
    typed = words.replace("{e}", "{type(e).__name__}")
    assert [] == list(foreign_texts(ast.parse(typed), file))
    ours = words.replace("OSError", "BadFilter")
    assert [] == list(foreign_texts(ast.parse(ours), file))
