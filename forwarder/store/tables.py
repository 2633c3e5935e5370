"""All tables: importing this module fills `metadata` with those of every subject."""

from forwarder.store.schema import metadata

__all__ = ["metadata"]
