"""Secrets that a sender shows instead of signing with them.

They come in a header or in the body. Whoever reads one must also see to it that it is
not stored: see `KeepsLess` in `core.source`.
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote_plus, unquote_plus

from forwarder.core.bodies import is_object, read_json
from forwarder.core.event import Forged, Notice, Unreadable
from forwarder.core.reading import text

TOKEN_HEADER: Final = "x-webhook-token"  # noqa: S105  a header's name
AUTHORIZATION: Final = "authorization"
MAX_TOKEN_CHARS: Final = 4096


def verify_shown(shown: str | None, secret: str) -> None:
    """Return if the secret that came along is ours. Raises: Forged."""
    given = (shown or "").encode("utf-8", "surrogatepass")
    if not secret or not hmac.compare_digest(secret.encode(), given):
        raise Forged("the secret that came along is missing or wrong")


def verify_header(notice: Notice, secret: str) -> None:
    """Return if a header or, without one, the end of the address shows `secret`.

    Shape: `Authorization: Bearer <secret>`, `Authorization: Basic` with the secret as
    the password of any user, or `X-Webhook-Token: <secret>`. Raises: Forged.
    """
    own = notice.headers.get(TOKEN_HEADER)
    shown = _authorized(notice.headers) if own is None else own
    verify_shown(notice.path_secret if shown is None else shown, secret)


def with_token(notice: Notice, secret: str) -> Notice:
    """Return the notice with `secret` where it shows one, by default as its bearer."""
    given = notice.headers.get(AUTHORIZATION, "")
    if TOKEN_HEADER in notice.headers:
        name, value = TOKEN_HEADER, secret
    elif given.lower().startswith("basic "):
        pair = base64.b64encode(f"forwarder:{secret}".encode()).decode()
        name, value = AUTHORIZATION, f"Basic {pair}"
    else:
        name, value = AUTHORIZATION, f"Bearer {secret}"
    return replace(notice, headers={**notice.headers, name: value})


def without_token(notice: Notice) -> Notice:
    """Return the notice without the headers that may show the secret."""
    dropped = {AUTHORIZATION, TOKEN_HEADER}
    kept = {k: v for k, v in notice.headers.items() if k not in dropped}
    return replace(notice, headers=kept)


def in_body(body: bytes, name: str) -> str | None:
    """Return the text that a field of a form or JSON object shows, None if none."""
    found = _field(body, name).search(body)
    if found is None:
        return None
    if not is_object(body):
        return unquote_plus(found[2].decode("latin-1"))
    try:
        return text(read_json(b'"%b"' % found[2]))
    except Unreadable:
        return None


def with_word(notice: Notice, name: str, word: str) -> Notice:
    """Return the notice with `word` wherever a field of that name stood; never raises.

    What `in_body` finds is replaced: both go by one pattern over the raw bytes.
    """
    body = notice.body
    written = (json.dumps(word)[1:-1] if is_object(body) else quote_plus(word)).encode()
    pattern = _field(body, name)
    new = pattern.sub(lambda found: found[1] + written + found[3], body)
    return replace(notice, body=new)


def _field(body: bytes, name: str) -> re.Pattern[bytes]:
    plain = re.escape(name.encode())
    if is_object(body):
        return re.compile(rb'("%b"\s*:\s*")((?:[^"\\]|\\.)*)(")' % plain)
    return re.compile(rb"(?<![^&])(%b=)([^&]*)()" % plain)


def _authorized(headers: Mapping[str, str]) -> str | None:
    kind, _, rest = headers.get(AUTHORIZATION, "").strip().partition(" ")
    token = rest.strip()
    if len(token) > MAX_TOKEN_CHARS:
        return None
    if kind.lower() == "bearer":
        return token
    return _password(token) if kind.lower() == "basic" else None


def _password(token: str) -> str | None:
    try:
        pair = base64.b64decode(token, validate=True).decode()
    except (ValueError, binascii.Error):
        return None
    return pair.partition(":")[2]
