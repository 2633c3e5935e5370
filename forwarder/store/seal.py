"""Seal person data and raw notices, so that a stolen database gives nobody away.

AES-256-GCM. Each day has its own key, derived with HKDF from a data key, which keeps
the number of messages per key far below the limit of random nonces. Layout of a
sealed value: key id (4 bytes), day (4), nonce (12), ciphertext and tag.
"""

import hmac
import os
import struct
import threading
import time
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
KEY_ID_BYTES = 4
LOOK_EVERY_S = 5.0  # a look is three calls of stat
URGENT_AFTER_S = 0.5
_HEAD = struct.Struct(">4sI")
_DAY_S = 86_400


class Unopenable(Exception):
    """No data key opens this value: put the key it was sealed with back in the list."""


class BadKey(ValueError):
    """A data key is not 32 bytes in base64url: make one with `forwarder init`."""


class Sealer:
    """Seals with the first data key and opens with any of them. Thread-safe.

    Keys may change while it is used: `reload` returns the new ones, or None while
    nothing changed, and is asked every few seconds, and for a key nobody knows.
    """

    def __init__(
        self,
        data_keys: Sequence[str],
        reload: Callable[[], Sequence[str] | None] | None = None,
    ) -> None:
        """Take base64url texts of 32 bytes each. Raises: BadKey."""
        self._reload = reload
        self._looking = threading.Lock()
        self._look_at_s = time.monotonic() + LOOK_EVERY_S
        self._masters: Mapping[bytes, bytes] = {}
        self._cipher = lru_cache(maxsize=512)(self._derive)
        self._take(data_keys)

    def _take(self, data_keys: Sequence[str]) -> None:
        if not data_keys:
            raise BadKey("no data key is set: run `forwarder init`")
        masters = [_decode(key) for key in data_keys]
        known = {_key_id(master): master for master in masters}
        # In this order, so that no thread sees a first key it does not know.
        self._masters = {**self._masters, **known}
        self._first = _key_id(masters[0])
        self._masters = known
        self._cipher.cache_clear()  # one that was retired opens nothing any more

    def _look(self, *, is_urgent: bool = False) -> None:
        """Take the keys of the settings, if it is time and they have changed."""
        now_s = time.monotonic()
        wait_s = LOOK_EVERY_S - URGENT_AFTER_S if is_urgent else 0.0
        if self._reload is None or now_s < self._look_at_s - wait_s:
            return
        with self._looking:
            self._look_at_s = now_s + LOOK_EVERY_S
            changed = self._reload()
            if changed is not None:
                self._take(changed)

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Return what each data key is called beside its values, the first one first.

        Eight hexadecimal digits of a hash: they do not open anything.
        """
        self._look()
        rest = [one for one in self._masters if one != self._first]
        return tuple(one.hex() for one in (self._first, *rest))

    def seal(self, clear: bytes, identity: str, now: datetime) -> bytes:
        """Return `clear` sealed, bound to `identity`: it opens under no other."""
        self._look()
        first, day = self._first, int(now.timestamp()) // _DAY_S
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher(first, day).encrypt(nonce, clear, identity.encode())
        return _HEAD.pack(first, day) + nonce + sealed

    def open(self, sealed: bytes, identity: str) -> bytes:
        """Return what was sealed for `identity`. Raises: Unopenable."""
        try:
            key_id, day = _HEAD.unpack_from(sealed)
            nonce = sealed[_HEAD.size : _HEAD.size + NONCE_BYTES]
            body = sealed[_HEAD.size + NONCE_BYTES :]
            if key_id not in self._masters:  # another process may know a newer one
                self._look(is_urgent=True)
            return self._cipher(key_id, day).decrypt(nonce, body, identity.encode())
        except (struct.error, KeyError, InvalidTag, ValueError) as error:
            raise Unopenable("no data key opens this value") from error

    def sign(self, told: bytes, purpose: str) -> bytes:
        """Return what only a holder of the first data key can write beside `told`."""
        first = self._first
        return first + self._mac(first, told, purpose)

    def is_signed(self, told: bytes, signature: bytes, purpose: str) -> bool | None:
        """Say whether a data key wrote the signature; None when that key is gone."""
        key_id, mac = signature[:KEY_ID_BYTES], signature[KEY_ID_BYTES:]
        if key_id not in self._masters:
            return None
        return hmac.compare_digest(mac, self._mac(key_id, told, purpose))

    def _mac(self, key_id: bytes, told: bytes, purpose: str) -> bytes:
        secret = _hkdf(self._masters[key_id], f"forwarder {purpose}")
        return hmac.digest(secret, told, "sha256")

    def secret(self, purpose: str) -> bytes:
        """Return 32 bytes for another use of the first data key, such as sessions."""
        return _hkdf(self._masters[self._first], f"forwarder {purpose}")

    def secrets(self, purpose: str) -> tuple[tuple[str, bytes], ...]:
        """Return 32 bytes of each data key by its id, the first one first.

        For what must still be recognised after the keys have changed.
        """
        return tuple(
            (name, _hkdf(self._masters[bytes.fromhex(name)], f"forwarder {purpose}"))
            for name in self.key_ids
        )

    def _derive(self, key_id: bytes, day: int) -> AESGCM:
        return AESGCM(_hkdf(self._masters[key_id], f"forwarder day {day}"))


def _key_id(master: bytes) -> bytes:
    return sha256(master).digest()[:KEY_ID_BYTES]


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
