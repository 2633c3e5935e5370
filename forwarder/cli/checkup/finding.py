"""What one check found, and how it is put."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: its verdict, what was seen, and how to mend it."""

    check: str
    verdict: Literal["ok", "warn", "red"]
    seen: str
    mend: str = ""


def ok(check: str, seen: str) -> Finding:
    """Return that all is well."""
    return Finding(check=check, verdict="ok", seen=seen)


def warn(check: str, seen: str, mend: str) -> Finding:
    """Return what works, but not as it should."""
    return Finding(check=check, verdict="warn", seen=seen, mend=mend)


def red(check: str, seen: str, mend: str) -> Finding:
    """Return what does not work."""
    return Finding(check=check, verdict="red", seen=seen, mend=mend)
