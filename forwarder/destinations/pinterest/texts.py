"""Clean text, words that mean nothing, and the hash: where every identifier starts."""

import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

MAX_CHARS: Final = 512  # of one identifier; a longer one is not an identifier
_DIGEST_CHARS: Final = 64
_LEGACY_DIGEST_CHARS: Final = frozenset({32, 40})  # MD5, SHA-1
DIGEST_LENGTHS: Final = _LEGACY_DIGEST_CHARS | {_DIGEST_CHARS}

# str.strip() leaves the zero-width ones, JavaScript's trim() takes U+FEFF.
ZERO_WIDTH: Final = "\u200b\u2060\ufeff"
_EDGES: Final = ZERO_WIDTH + "".join(c for c in map(chr, range(0x3001)) if c.isspace())
_UNFIT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_HEX = re.compile("[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Drop:
    """A value that is not sent. `reason` is the word an operator reads."""

    reason: str


@dataclass(frozen=True, slots=True)
class Mended:
    """The normal form of a value that had to be repaired; `note` says how."""

    text: str
    note: str


EMPTY: Final = Drop("empty")
JUNK: Final = Drop("junk")
TOO_LONG: Final = Drop("too_long")
UNFIT: Final = Drop("control_character")
LEGACY_HASH: Final = Drop("hash_not_sha256")
NOT_HASHED: Final = Drop("not_hashed")

# Never more than these for names, countries and states: *Na*, *None*, *Null* and
# *Test* are names of people, and NA is Namibia.
JUNK_EVERYWHERE: Final = frozenset({"", "n/a", "undefined", "[object object]", "-"})
JUNK_ELSEWHERE: Final = JUNK_EVERYWHERE | {
    "na",
    "none",
    "null",
    "nan",
    "unknown",
    "test",
}


def clean(value: str) -> str | Drop:
    """Return the text as NFC without white space at its ends.

    Shape: a `Drop` for what is no text: control characters, lone surrogates, novels.
    """
    if len(value) > MAX_CHARS:
        return TOO_LONG
    if value.isascii():
        text = value.strip()
        if text.isprintable():
            return text
    else:
        text = unicodedata.normalize("NFC", value).strip(_EDGES)
    return UNFIT if _UNFIT.search(text) else text


def digest(text: str) -> str:
    """Return the SHA-256 of the text's UTF-8 as 64 small hex digits."""
    return sha256(text.encode()).hexdigest()


def prehashed(
    lower: str, junk_hashes: frozenset[str], *, is_opaque: bool = False
) -> str | Drop | None:
    """Return a hash that came as one, or why it is not taken; None if it is none.

    `lower` is the text in small letters. An opaque id may look like MD5 and be none.
    """
    if _HEX.fullmatch(lower) is None:
        return None
    if len(lower) == _DIGEST_CHARS:
        return JUNK if lower in junk_hashes else lower
    is_legacy = len(lower) in _LEGACY_DIGEST_CHARS and not is_opaque
    return LEGACY_HASH if is_legacy else None


def junk_digests(words: frozenset[str]) -> frozenset[str]:
    """Return the hashes that others make of words without meaning, in every spelling.

    They arrive as if they were people: the hash of the empty text alone stands for
    all customers without a phone at several senders.
    """
    spellings = {
        spelling
        for word in words
        for spelling in (word, word.upper(), word.title(), word.capitalize())
    }
    return frozenset(digest(text) for text in spellings | {"NaN", "[object Object]"})


def ascii_digits(text: str) -> str:
    """Return the text with every decimal digit of any script as 0 to 9.

    `str.isdigit` is true for a superscript two, so it is never asked.
    """
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c, c)) for c in text)
