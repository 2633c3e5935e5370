import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import forwarder
from forwarder.core.delivery import Status
from forwarder.web import words

PACKAGE = Path(forwarder.__file__).parent
FOLDERS = ("core", "destinations", "enrich", "pipeline", "sources", "store")
OUTCOMES = {"Blocked", "Deferred", "Refused", "Skipped"}
# Sentences of an adapter that stand beside a notice, and names that are no reasons.
OTHER_CALLS = {"Arrival", "Reading", "Unreadable"}


def trees() -> Iterator[ast.Module]:
    for folder in FOLDERS:
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            yield ast.parse(path.read_text(encoding="utf-8"))


def name_of(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def literals(node: ast.expr, constants: dict[str, str]) -> Iterator[str]:
    """The texts that an expression may become, through a module's own constants."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Name) and node.id in constants:
        yield constants[node.id]
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body, constants)
        yield from literals(node.orelse, constants)
    elif isinstance(node, ast.Subscript):
        yield from literals_of_table(node, constants)


def literals_of_table(node: ast.Subscript, constants: dict[str, str]) -> Iterator[str]:
    if isinstance(node.value, ast.Name):
        prefix = f"{node.value.id}["
        yield from (text for name, text in constants.items() if name.startswith(prefix))


def constants_of(tree: ast.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in tree.body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        targets = node.targets if isinstance(node, ast.Assign) else []
        target = (
            node.target
            if isinstance(node, ast.AnnAssign)
            else next(iter(targets), None)
        )
        if not isinstance(target, ast.Name):
            continue
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            found[target.id] = value.value
        if isinstance(value, ast.Dict):
            texts = [v.value for v in value.values if isinstance(v, ast.Constant)]
            found |= {
                f"{target.id}[{n}]": t
                for n, t in enumerate(texts)
                if isinstance(t, str)
            }
    return found


def reasons_in(tree: ast.Module) -> Iterator[str]:
    constants = constants_of(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if name_of(node) in OUTCOMES and node.args:
                yield from literals(node.args[0], constants)
            if name_of(node) not in OTHER_CALLS | {"Drop", "Dropped"}:
                for keyword in node.keywords:
                    if keyword.arg in {"reason", "skip"}:
                        yield from literals(keyword.value, constants)
        if isinstance(node, ast.FunctionDef) and "skip" in node.name:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value is not None:
                    yield from literals(inner.value, constants)


def drops_in(tree: ast.Module) -> Iterator[str]:
    constants = constants_of(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if name_of(node) == "Drop" and node.args:
            yield from literals(node.args[0], constants)
        if name_of(node) == "_drop" and len(node.args) > 1:
            yield from literals(node.args[1], constants)
        for keyword in node.keywords:
            if name_of(node) == "Dropped" and keyword.arg == "reason":
                yield from literals(keyword.value, constants)


REASONS = sorted({r for tree in trees() for r in reasons_in(tree) if r})
DROPS = sorted({r for tree in trees() for r in drops_in(tree) if r})


def test_the_search_for_reasons_finds_those_that_must_be_there() -> None:
    known = {"consent", "too_old", "no_identity", "auth", "answer_lost", "test_order"}

    assert set() == known - set(REASONS)
    assert {"not_an_email", "personal_data"} <= set(DROPS)


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_of_the_code_has_a_label(reason: str) -> None:
    assert reason in words.REASONS


@pytest.mark.parametrize("reason", DROPS)
def test_each_reason_to_leave_a_field_out_has_a_label(reason: str) -> None:
    assert reason in words.DROPPED


def test_each_status_has_a_sentence() -> None:
    assert set(Status) == set(words.STATUSES)


@pytest.mark.parametrize("reason", sorted(words.REASONS))
def test_labels_are_short_and_remedies_are_sentences(reason: str) -> None:
    word = words.REASONS[reason]

    assert 0 < len(word.label) <= 45
    assert not word.label.endswith(".")
    assert word.remedy.endswith(".")
    assert word.remedy.count("`") % 2 == 0


def test_an_unknown_reason_is_shown_as_it_stands() -> None:
    assert "brand new" == words.reason_label("brand_new")
    assert "brand new" == words.explain_reason("brand_new")
    assert "" == words.reason_remedy("brand_new")
    assert "brand new" == words.dropped_label("brand_new")


def test_a_reason_is_explained_in_one_line() -> None:
    assert (
        "Pinterest asked for a pause. Nothing to do: it is sent again by itself."
        == words.explain_reason("rate_limited")
    )
