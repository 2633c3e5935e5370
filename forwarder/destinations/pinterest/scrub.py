"""Pinterest's own words, fit for the log: it may quote what we sent."""

import re
from typing import Final

MAX_MESSAGE_CHARS: Final = 500

_PATTERNS: Final = (
    (re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+"), " "),
    (re.compile(r"pin[ac]_?[\w.-]{8,}", re.ASCII), "[token]"),
    (re.compile(r"[^\s@'\"<>(),;:]+@[^\s@'\"<>(),;:]+"), "[e-mail]"),
    (re.compile(r"\b[0-9A-Fa-f]{32,}\b"), "[hash]"),
    (
        re.compile(
            r"((?:ip_address|user_agent|click_id)\\?['\"]\s*:\s*\\?)(['\"]).*?\2"
        ),
        r"\1\2***\2",
    ),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b"), "[ip]"),
    (
        re.compile(r"(?i)(?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}(?![\w:])"),
        "[ip]",
    ),
    (re.compile(r"\+\d[\d ().-]{5,}\d"), "[phone]"),
    (re.compile(r"\(\d{2,5}\)[ -]?\d{2,5}(?:[ .-]?\d{2,5}){1,3}"), "[phone]"),
    (re.compile(r"\b\d{2,5}(?:[ .-]\d{2,5}){2,4}\b"), "[phone]"),
)


def scrub(text: str) -> str:
    """Return the text without what may name a person, at most 500 characters.

    Bare runs of digits stay: they are the times and codes that explain a refusal.
    """
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text[: 4 * MAX_MESSAGE_CHARS])
    return text.strip()[:MAX_MESSAGE_CHARS]
