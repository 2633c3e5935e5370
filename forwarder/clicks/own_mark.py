"""The mark by which our own redirector knows an audit: nobody clicked.

An hour, a nonce and a MAC of both. A mark that anybody could make up would let anybody
click without being counted; one that was seen on the way counts for nothing soon.
"""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

PARAM: Final = "pf_audit"
HOUR_S: Final = 3600
MAC_CHARS: Final = 16
_FORM: Final = re.compile(r"([0-9a-f]{1,8})-([0-9a-z]{1,32})-([0-9a-f]{16})")


def made(key: bytes, nonce: str, now: datetime) -> str:
    """Return the mark of one audit. Shape: `nonce` of digits and small letters."""
    return _signed(key, f"{_hour(now):x}", nonce)


def is_ours(keys: Sequence[bytes], mark: str, now: datetime) -> bool:
    """Say whether one of the keys made this mark within the last hour or two."""
    found = _FORM.fullmatch(mark)
    if found is None or not 0 <= _hour(now) - int(found[1], 16) <= 1:
        return False
    return any(
        hmac.compare_digest(mark, _signed(key, found[1], found[2])) for key in keys
    )


def _hour(now: datetime) -> int:
    return int(now.timestamp()) // HOUR_S


def _signed(key: bytes, hour: str, nonce: str) -> str:
    mac = hmac.digest(key, f"{hour}\0{nonce}".encode(), "sha256").hex()
    return f"{hour}-{nonce}-{mac[:MAC_CHARS]}"
