"""What a template asks of an object, it gets an answer to."""

import ast
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes

CODE = Path(__file__).resolve().parents[2] / "forwarder"
COUNTS = {"too_old"}  # also the name of a count in a job's data


def test_no_template_takes_a_method_for_its_answer() -> None:
    methods = set(_of_classes("method")) - set(_of_classes("value")) - COUNTS
    files = list(CODE.rglob("*.html"))
    found = [
        f"{file.name}:{asked.lineno} {asked.attr}"
        for file in files
        for asked in _uncalled(file.read_text(encoding="utf-8"))
        if asked.attr in methods
    ]

    assert [] == found
    assert "has_gap" in methods
    assert ["has_gap"] == [
        one.attr for one in _uncalled("{% if a.has_gap %}{{ a.has_gap(b) }}{% endif %}")
    ]


def _uncalled(text: str) -> Iterator[nodes.Getattr]:
    tree = Environment(autoescape=True).parse(text)
    called = {id(call.node) for call in tree.find_all(nodes.Call)}
    return (one for one in tree.find_all(nodes.Getattr) if id(one) not in called)


def _of_classes(wanted: str) -> Iterator[str]:
    for file in CODE.rglob("*.py"):
        for found in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(found, ast.ClassDef):
                yield from (name for kind, name in _members(found) if kind == wanted)


def _members(of: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for one in of.body:
        if isinstance(one, ast.FunctionDef):
            is_read = any("property" in ast.unparse(d) for d in one.decorator_list)
            yield "value" if is_read else "method", one.name
        elif isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            yield "value", one.target.id
