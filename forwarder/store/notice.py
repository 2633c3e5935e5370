"""Keep the raw request beside what was read in it, sealed, to read it again."""

import msgspec

from forwarder.core.event import Notice

# What an adapter reads to tell topic, shop and test; never cookies or the address.
_encoder = msgspec.msgpack.Encoder()


def encode_notice(notice: Notice) -> bytes:
    """Return headers and body as bytes, without the secret of the path."""
    return _encoder.encode((dict(notice.headers), notice.body))


def decode_notice(data: bytes) -> Notice:
    """Return the notice as it came, without the secret of the path."""
    headers, body = msgspec.msgpack.decode(data, type=tuple[dict[str, str], bytes])
    return Notice(headers=headers, body=body)
