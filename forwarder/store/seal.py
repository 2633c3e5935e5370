"""Seal person data and raw notices, so that a stolen database gives nobody away.

AES-256-GCM. Each day has its own key, derived with HKDF from a data key, which keeps
the number of messages per key far below the limit of random nonces. Layout of a
sealed value: key id (4 bytes), day (4), nonce (12), ciphertext and tag.
"""

import os
import struct
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
_HEAD = struct.Struct(">4sI")
_DAY_S = 86_400


class Unopenable(Exception):
    """No data key opens this value: put the key it was sealed with back in the list."""


class BadKey(ValueError):
    """A data key is not 32 bytes in base64url: make one with `forwarder init`."""


class Sealer:
    """Seals with the first data key and opens with any of them. Thread-safe."""

    def __init__(self, data_keys: Sequence[str]) -> None:
        """Take base64url texts of 32 bytes each. Raises: BadKey."""
        if not data_keys:
            raise BadKey("no data key is set: run `forwarder init`")
        masters = [_decode(key) for key in data_keys]
        self._masters = {sha256(master).digest()[:4]: master for master in masters}
        self._first = sha256(masters[0]).digest()[:4]
        self._cipher = lru_cache(maxsize=512)(self._derive)

    def seal(self, clear: bytes, identity: str, now: datetime) -> bytes:
        """Return `clear` sealed, bound to `identity`: it opens under no other."""
        day = int(now.timestamp()) // _DAY_S
        nonce = os.urandom(NONCE_BYTES)
        cipher = self._cipher(self._first, day)
        sealed = cipher.encrypt(nonce, clear, identity.encode())
        return _HEAD.pack(self._first, day) + nonce + sealed

    def open(self, sealed: bytes, identity: str) -> bytes:
        """Return what was sealed for `identity`. Raises: Unopenable."""
        try:
            key_id, day = _HEAD.unpack_from(sealed)
            nonce = sealed[_HEAD.size : _HEAD.size + NONCE_BYTES]
            body = sealed[_HEAD.size + NONCE_BYTES :]
            return self._cipher(key_id, day).decrypt(nonce, body, identity.encode())
        except (struct.error, KeyError, InvalidTag, ValueError) as error:
            raise Unopenable("no data key opens this value") from error

    def secret(self, purpose: str) -> bytes:
        """Return 32 bytes for another use of the first data key, such as sessions."""
        return _hkdf(self._masters[self._first], f"forwarder {purpose}")

    def _derive(self, key_id: bytes, day: int) -> AESGCM:
        return AESGCM(_hkdf(self._masters[key_id], f"forwarder day {day}"))


def _hkdf(master: bytes, info: str) -> bytes:
    return HKDF(
        algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info.encode()
    ).derive(master)


def _decode(key: str) -> bytes:
    try:
        master = urlsafe_b64decode(key + "=" * (-len(key) % 4))
    except (NotBase64, ValueError) as error:
        raise BadKey("a data key is not base64url") from error
    if len(master) != KEY_BYTES:
        raise BadKey(f"a data key has {len(master)} bytes instead of {KEY_BYTES}")
    return master
