"""The headers that keep strangers, frames and caches out, on every answer."""

from typing import Final

from flask import Response

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# The console's own small script, and what it asks; nothing inline, nobody else's.
SCRIPTED: Final = {
    **HEADERS,
    "Content-Security-Policy": (
        f"{HEADERS['Content-Security-Policy']}; script-src 'self'; connect-src 'self'"
    ),
}
HTTPS_ONLY: Final = {"Strict-Transport-Security": "max-age=31536000"}


def strict(public_url: str) -> dict[str, str]:
    """Return the headers of every answer; where we are https, browsers stay there."""
    return {**HEADERS, **HTTPS_ONLY} if public_url.startswith("https://") else HEADERS


def harden(response: Response, headers: dict[str, str] = HEADERS) -> Response:
    """Return the answer with these headers, but for those it set itself."""
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    return response
