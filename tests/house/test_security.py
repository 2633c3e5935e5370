"""Rules of security that hold for every line, also those yet to be written."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = sorted(
    path
    for name in ("forwarder", "workers", "config")
    for path in (ROOT / name).rglob("*.py")
)
RUFF = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]
OWN_NUMBERS = {"forwarder/sandbox/reporting.py", "forwarder/cli/demo_month.py"}
LOOPBACK = {"forwarder/cli/demo.py"}  # talks to its own processes, without a secret


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_rule_of_the_security_linter_is_off_in_the_product() -> None:
    lint = RUFF["lint"]
    off = {
        pattern: [rule for rule in rules if re.match(r"S\d", rule)]
        for pattern, rules in lint.get("per-file-ignores", {}).items()
    }

    assert ["ALL"] == lint["select"]
    assert [] == [rule for rule in lint["ignore"] if re.match(r"S\d|S$", rule)]
    assert {"tests/**"} == {pattern for pattern, rules in off.items() if rules}


def test_every_line_excused_from_it_says_why() -> None:
    pattern = re.compile(r"# noqa: [A-Z0-9, ]*\bS\d{3}\b(?P<why>.*)$")
    excused = [
        (named(path), line.strip())
        for path in PRODUCT
        for line in path.read_text("utf-8").splitlines()
        if (found := pattern.search(line)) and len(found["why"].strip()) < 5
    ]

    assert [] == excused


def test_every_csv_that_is_written_goes_past_the_guard_against_formulas() -> None:
    writers = {
        named(path)
        for path in PRODUCT
        if re.search(r"csv\.(writer|DictWriter)\(", path.read_text("utf-8"))
    }
    guarded = {
        named(path) for path in PRODUCT if "no_formula(" in path.read_text("utf-8")
    }

    assert writers
    assert set() == writers - guarded - OWN_NUMBERS


def test_no_call_of_ours_follows_a_redirect_with_its_token() -> None:
    """Sessions come from `outside`, which follows nothing; other calls say so."""
    call = re.compile(
        r"requests\.(?:get|post|put|patch|request)\((?:[^()]|\([^()]*\))*\)"
    )
    texts = {named(path): path.read_text("utf-8") for path in PRODUCT}
    loose = {
        name
        for name, text in texts.items()
        if any("allow_redirects=False" not in one for one in call.findall(text))
    }
    sessions = {name for name, text in texts.items() if "requests.Session()" in text}

    assert LOOPBACK == loose | sessions
