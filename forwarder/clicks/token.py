"""The token a click leaves behind: random, signed, fit for every field of every shop.

`pc`, one character for the key, then base64url of 16 random bytes and 4 of a MAC: 30
characters of A-Z a-z 0-9 - and _, since Stripe drops everything else without a word.
The MAC keeps forged tokens out without a look into the database. It is no proof: a join
needs the click as well.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

WORKSPACE: Final = "forwarder"
ID_BYTES: Final = 16
MAC_BYTES: Final = 4
_FORM: Final = re.compile(r"pc([A-Za-z0-9_-])([A-Za-z0-9_-]{27})")
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """The keys of tokens, each with the character that names it; the first one mints.

    Shape: two keys may share a character: then either may have made the token.
    """

    keys: Sequence[tuple[str, bytes]] = field(repr=False)
    workspace: str = WORKSPACE

    def mint(self, random: bytes) -> str:
        """Return the token of 16 random bytes."""
        name, key = self.keys[0]
        mac = self._mac(name, key, random)
        return f"pc{name}{urlsafe_b64encode(random + mac).decode().rstrip('=')}"

    def is_ours(self, token: str) -> bool:
        """Say whether one of the keys made this token for this workspace."""
        found = _FORM.fullmatch(token)
        if found is None:
            return False
        told = urlsafe_b64decode(f"{found[2]}=")
        if urlsafe_b64encode(told).decode().rstrip("=") != found[2]:
            return False  # another spelling of the same bytes
        random, mac = told[:ID_BYTES], told[ID_BYTES:]
        return any(
            hmac.compare_digest(mac, self._mac(name, key, random))
            for name, key in self.keys
            if name == found[1]
        )

    def _mac(self, name: str, key: bytes, random: bytes) -> bytes:
        told = b"\0".join([f"pc{name}".encode(), self.workspace.encode(), random])
        return hmac.digest(key, told, "sha256")[:MAC_BYTES]


def ring_of(secrets: Sequence[tuple[str, bytes]]) -> Ring:
    """Return the ring of keys that have hexadecimal ids, the first one first."""
    named = [(_ALPHABET[int(key_id[:2], 16) % 64], key) for key_id, key in secrets]
    return Ring(keys=tuple(named))


def digest(token: str) -> str:
    """Return how a token is written down: who reads the database has no token."""
    return sha256(token.encode()).hexdigest()
