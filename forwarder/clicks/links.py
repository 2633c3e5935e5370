"""All links of the installation in memory, and the keys: read behind the requests.

A thread looks for changes every few seconds. Only a link that nobody knows may make its
own request wait for one look, since it may have been made a moment ago.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Final

import structlog

from forwarder.clicks.token import Ring, ring_of
from forwarder.core.links import AUDITS, MARKS, TOKENS, Bio, Link
from forwarder.store import links
from forwarder.store.engine import Store
from forwarder.store.writer import StoreDown

EVERY_S: Final = 3.0
NOT_SOONER_S: Final = 0.5  # looks for links that nobody knows
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was known at the last look. `is_current`: the database answered it."""

    links: Mapping[str, Link]
    bios: Mapping[str, Bio]
    ring: Ring
    mark_key: bytes = field(repr=False)
    audit_keys: Sequence[bytes] = field(repr=False)
    is_current: bool


class Links:
    """The links as they were a few seconds ago at most. Safe to share."""

    def __init__(self, store: Store) -> None:
        """Know nothing yet: the first request looks."""
        self._store = store
        self._looking = threading.Lock()
        self._stamp: object = None
        self._looked_at_s = float("-inf")
        self._thread: threading.Thread | None = None
        self._known = self._with({}, {}, is_current=False)

    def known(self, slug: str) -> Known:
        """Return what is known; looks first if that does not hold this link."""
        if slug not in self._known.links:
            self._look_for_new()
        return self._known

    def target(self, slug: str) -> str | None:
        """Return where a link leads that is known."""
        link = self.known(slug).links.get(slug)
        return None if link is None else link.to

    def bio(self, name: str) -> Bio | None:
        """Return a page of links; None where there is none of that name."""
        if name not in self._known.bios:
            self._look_for_new()
        return self._known.bios.get(name)

    def _look_for_new(self) -> None:
        if monotonic() - self._looked_at_s < NOT_SOONER_S:
            return
        if not self._looking.acquire(blocking=self._thread is None):
            return  # another request is looking
        try:
            if monotonic() - self._looked_at_s >= NOT_SOONER_S:
                self._look()
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="links", daemon=True
                )
                self._thread.start()
        finally:
            self._looking.release()

    def _run(self) -> None:
        while True:
            sleep(EVERY_S)
            with self._looking:
                self._look()

    def _look(self) -> None:
        """Take over what changed; keep what is known while the database is gone."""
        try:
            stamp = links.stamp(self._store)
            if stamp != self._stamp:
                found = {one.slug: one for one in links.every(self._store)}
                bios = {one.name: one for one in links.bios(self._store)}
                self._known = self._with(found, bios, is_current=True)
                self._stamp = stamp
            else:
                self._known = self._again(is_current=True)
        except StoreDown:
            self._known = self._again(is_current=False)
        except Exception as fault:  # the thread goes on: redirects need no database
            log.exception("links not read", fault=type(fault).__name__)
        self._looked_at_s = monotonic()

    def _again(self, *, is_current: bool) -> Known:
        return self._with(self._known.links, self._known.bios, is_current=is_current)

    def _with(
        self, found: Mapping[str, Link], bios: Mapping[str, Bio], *, is_current: bool
    ) -> Known:
        sealer = self._store.sealer
        return Known(
            links=found,
            bios=bios,
            ring=ring_of(sealer.secrets(TOKENS)),
            mark_key=sealer.secrets(MARKS)[0][1],
            audit_keys=[key for _, key in sealer.secrets(AUDITS)],
            is_current=is_current,
        )
