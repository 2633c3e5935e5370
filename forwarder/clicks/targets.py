"""Where links may lead: to the hosts the settings allow, and nowhere else."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

URL_MAX_CHARS: Final = 2_000
SLUG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_HOST: Final = re.compile(
    r"\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
)
_SAFE: Final = "%/:=&?~#+!$,;'@()*[]|{}^`\"<>"


class Hostile(ValueError):
    """An address that no link may lead to; the text says why and what to do."""


def checked(url: str, allowed_hosts: Sequence[str]) -> str:
    """Return the address as it is kept, in ASCII alone. Raises: Hostile."""
    if not url or len(url) > URL_MAX_CHARS:
        raise Hostile(f"an address has 1 to {URL_MAX_CHARS} characters")
    if " " in url or not url.isprintable():
        raise Hostile("it holds a space or a control character: write it as %20")
    if "\\" in url:
        raise Hostile("it holds a backslash, which browsers read as a slash")
    parts = _split(url)
    host = _host(parts)
    if not any(_fits(host, allowed) for allowed in allowed_hosts):
        raise Hostile(
            f"its host {host} is not among [clicks] allowed_hosts: add it there, if it "
            "is yours"
        )
    port = "" if parts.port is None else f":{parts.port}"
    tail = url[url.index("//") + 2 + len(parts.netloc) :]
    return f"{parts.scheme}://{host}{port}{quote(tail, safe=_SAFE)}"


def is_lookalike(url: str) -> bool:
    """Say whether the host holds letters that may be taken for others."""
    return "xn--" in (urlsplit(url).hostname or "")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - a bad port shows itself only when it is read
    except ValueError:
        raise Hostile("it is not an address") from None
    prefix = url[: len(parts.scheme) + 3].lower()
    if parts.scheme not in {"http", "https"} or prefix != f"{parts.scheme}://":
        raise Hostile("it must begin with https:// or http://")
    if "@" in parts.netloc:
        raise Hostile("it holds a user before the host: leave that out")
    return parts


def _host(parts: SplitResult) -> str:
    name = parts.hostname or ""
    try:
        host = name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        raise Hostile("its host is not a name") from None
    host = f"[{host}]" if ":" in host else host.lower()
    if not _HOST.fullmatch(host):
        raise Hostile("its host is not a name")
    return host


def _fits(host: str, allowed: str) -> bool:
    """Compare with one allowed host; `*.shop.example` stands for all below it."""
    if allowed.startswith("*."):
        return host.endswith(allowed[1:])
    return host == allowed
