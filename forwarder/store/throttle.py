"""Wrong log-ins by address: many names tried from one place are one attack."""

from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.schema_access import log_in_failures as failures

FAILURES_MAX = 20
WINDOW = timedelta(minutes=15)
NETWORK_BITS = 64  # one subscriber has as many IPv6 addresses as they like


def is_throttled(store: Store, address: str, now: datetime) -> bool:
    """Say whether too many wrong log-ins came from this address of late."""
    query = sa.select(failures.c.n_failures).where(
        failures.c.address_digest == _digest(store, address),
        failures.c.since > now - WINDOW,
    )
    with store.read() as connection:
        n_failures = connection.execute(query).scalar()
    return n_failures is not None and n_failures >= FAILURES_MAX


def note_failure(store: Store, address: str, now: datetime) -> None:
    """Count a wrong log-in; what is older than the window is forgotten."""
    digest = _digest(store, address)
    more = sa.update(failures).where(failures.c.address_digest == digest)
    row = {"address_digest": digest, "n_failures": 1, "since": now}
    with store.write() as connection:
        connection.execute(sa.delete(failures).where(failures.c.since <= now - WINDOW))
        counted = connection.execute(
            more.values(n_failures=failures.c.n_failures + 1)
        ).rowcount
        if not counted:
            connection.execute(sa.insert(failures), row)


def _digest(store: Store, address: str) -> str:
    key = store.sealer.secret("log-in addresses")
    return sha256(key + _network(address).encode()).hexdigest()


def _network(address: str) -> str:
    """Return what one sender's addresses have in common; the text if it is none."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is None:
        return str(ip_network((ip, NETWORK_BITS), strict=False))
    return str(ip)
