"""One bucket of requests for each ad account."""

from functools import lru_cache

from forwarder.core.bucket import Bucket


@lru_cache(maxsize=1024)
def shared_bucket(_account: str, per_minute: int) -> Bucket:
    """Return the one bucket of this process for an ad account."""
    return Bucket(per_minute)
