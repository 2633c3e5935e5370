"""Keep the raw request beside what was read in it, sealed, to read it again."""

import msgspec

from forwarder.core.event import Notice

# No adapter reads these, and they hold keys or the address of the shop's server.
NOT_KEPT = frozenset(
    {"authorization", "cookie", "forwarded", "x-forwarded-for", "x-real-ip"}
)
_encoder = msgspec.msgpack.Encoder()


def encode_notice(notice: Notice) -> bytes:
    """Return headers and body as bytes, without the secret of the path."""
    kept = {k: v for k, v in notice.headers.items() if k not in NOT_KEPT}
    return _encoder.encode((kept, notice.body))


def decode_notice(data: bytes) -> Notice:
    """Return the notice as it came, without the secret of the path."""
    headers, body = msgspec.msgpack.decode(data, type=tuple[dict[str, str], bytes])
    return Notice(headers=headers, body=body)
