"""What is tracked belongs to nobody's machine, and nothing in it is left open."""

import re
import subprocess
import tomllib
from pathlib import Path

from tests.servers import skip_or_fail

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
PIN = re.compile(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", re.MULTILINE)


def tracked() -> list[Path]:
    """Return what is, or is about to be, in the repository; all files without git."""
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    done = subprocess.run(  # noqa: S603 - our own words
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        skip_or_fail(
            "this is no git checkout, so nothing tells what is tracked: clone it"
        )
    paths = [ROOT / name for name in done.stdout.splitlines()]
    return [path for path in paths if path.is_file() and path.suffix not in BINARY]


BINARY = {".png", ".woff2", ".ico", ".gz"}


def lines_with(pattern: str, *ignored: str) -> list[str]:
    search = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        if path.name not in {Path(__file__).name, *ignored}
        for number, line in enumerate(
            path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1
        )
        if search.search(line)
    ]


def test_no_file_names_a_path_of_one_machine() -> None:
    assert [] == lines_with(r"(?<![\w.~-])/(work|root|home/[a-z]+|tmp/[a-z]\w*)/")


def test_no_file_names_where_packages_come_from() -> None:
    pattern = r"(--(extra-)?index-url|\"resolved\": *\"http|registry *= *\"?http)"

    assert [] == lines_with(pattern)
    assert [] == [
        name for name in LOCKS if "://" in (ROOT / name).read_text(encoding="utf-8")
    ]


def test_nothing_in_the_product_is_left_open() -> None:
    pattern = r"\b(NotImplementedError|TODO|FIXME|XXX)\b"
    found = lines_with(pattern)

    assert [] == [
        one for one in found if one.startswith(("forwarder/", "workers/", "config/"))
    ]


def test_no_test_is_skipped_without_a_reason() -> None:
    bare = r"pytest\.(mark\.(skip|xfail)\b(?!.*reason)|skip\(\))"

    assert [] == lines_with(bare)


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / name).read_text(encoding="utf-8")))


def test_both_locks_pin_the_same_versions() -> None:
    runtime, development = pins(LOCKS[0]), pins(LOCKS[1])

    assert runtime == {name: development.get(name) for name in runtime}


def test_the_locks_hold_every_dependency_with_its_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        re.split(r"[\[>=<;]", one)[0] for one in project["project"]["dependencies"]
    ]
    text = (ROOT / LOCKS[0]).read_text(encoding="utf-8")
    unhashed = [
        block.partition("\n")[0]
        for block in re.split(r"\n(?=[a-z0-9])", text)
        if "==" in block and "--hash=sha256:" not in block
    ]

    assert [] == [name for name in wanted if name not in pins(LOCKS[0])]
    assert [] == unhashed


def test_what_vulture_must_allow_is_still_in_the_product() -> None:
    allowed = re.findall(
        r"^_\.(\w+)  # .+$",
        (ROOT / "tests/house/allowed_unused.py").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    folders = ("forwarder", "workers", "config")
    product = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
    )

    assert allowed
    assert [] == [name for name in allowed if not re.search(rf"\b{name}\b", product)]
