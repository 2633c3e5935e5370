"""`python -m forwarder.samples SOURCE`: sign a platform's samples anew, in place.

For whoever adds a sample: it is written with any signature and comes out with the one
that the platform would have made with the test secret. Refused ones stay as they are.
"""

import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from forwarder.samples import SIGNED_AT, TEST_SECRETS, cases, load
from forwarder.sources import SOURCES


def sign_in_place(source: str, case: str) -> bool:
    """Give a sample its right signature; return whether it had another one."""
    path = Path(str(files("forwarder.samples"))) / source / f"{case}.http"
    head, _, body = path.read_bytes().partition(b"\n\n")
    signed = SOURCES[source].sign(load(source, case), TEST_SECRETS[source], SIGNED_AT)
    lines = [_line(line, signed.headers) for line in head.decode("latin-1").split("\n")]
    new = "\n".join(lines).encode("latin-1") + b"\n\n" + body
    has_changed = new != path.read_bytes()
    path.write_bytes(new)
    return has_changed


def _line(line: str, headers: Mapping[str, str]) -> str:
    name, colon, value = line.partition(":")
    right = headers.get(name.strip().lower())
    if not colon or right is None or right == value.strip():
        return line
    return f"{name}: {right}"


def main(source: str) -> None:
    """Sign every genuine sample of a platform."""
    genuine = [case for case in cases(source) if not case.startswith("refused-")]
    n_changed = sum(sign_in_place(source, case) for case in genuine)
    sys.stdout.write(f"{n_changed} of {len(genuine)} samples signed anew\n")


if __name__ == "__main__":
    main(sys.argv[1])
