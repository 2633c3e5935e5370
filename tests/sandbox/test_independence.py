"""The examiner does not copy the pupil's sheet, and keeps secrets."""

import ast
import json
from importlib.resources import files
from pathlib import Path

import pytest

from forwarder import sandbox
from forwarder.sandbox import SandboxOptions

MODULES = sorted(Path(sandbox.__file__).parent.glob("*.py"))
ROOT = Path(__file__).parents[2]


def _imports(module: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_the_sandbox_shares_no_code_with_the_sender(module: Path) -> None:
    ours = {name for name in _imports(module) if name.startswith("forwarder")}

    assert {name for name in ours if not name.startswith("forwarder.sandbox")} == set()
    assert "jsonschema" not in _imports(module)


def test_options_never_show_a_token() -> None:
    options = SandboxOptions(
        tokens=frozenset({"pina_SECRET"}), send_only_tokens=frozenset({"pina_SECRET"})
    )

    assert "SECRET" not in repr(options)


def test_the_schema_travels_with_its_licence() -> None:
    shipped = json.loads((files("forwarder.sandbox") / "schema.json").read_text())
    licence = shipped["x-provenance"]["license"]
    notice = (ROOT / "THIRD-PARTY.md").read_text(encoding="utf-8")

    assert "Copyright © 2021 Pinterest, Inc." in licence
    for paragraph in licence.split("\n\n"):
        assert paragraph in notice
    assert shipped["x-provenance"]["commit"] in notice
