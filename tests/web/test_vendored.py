"""What others wrote and lies in this repository is what they published."""

import re
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "tests" / "vendor" / "axe-core"


def test_axe_is_unchanged_and_its_licence_lies_beside_it() -> None:
    told = (ROOT / "THIRD-PARTY.md").read_text(encoding="utf-8")

    assert sha256((AXE / "axe.min.js").read_bytes()).hexdigest() in re.findall(
        r"\b[0-9a-f]{64}\b", told
    )
    assert "Mozilla Public License" in (AXE / "LICENSE").read_text(encoding="utf-8")
