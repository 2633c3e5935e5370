"""Make, change and pause links, each with its line in the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from forwarder.clicks.making import Flawed, made
from forwarder.clicks.told import as_row
from forwarder.core.links import Link
from forwarder.store import audit, links
from forwarder.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """Who changes links, where they may lead, and when."""

    store: Store
    allowed_hosts: Sequence[str]
    who: str
    now: datetime

    def add(self, given: Mapping[str, Any]) -> Link:
        """Make and keep a link. Raises: Flawed, also where there is one."""
        link = made(given, self.allowed_hosts)
        if not links.add(self.store, link, self.now):
            raise Flawed(
                f"slug: there is a link {link.slug}: change that one, on its page or "
                f"with `forwarder links edit {link.slug}`"
            )
        self._note("link added", link)
        return link

    def edit(self, known: Link, given: Mapping[str, Any]) -> Link:
        """Change what is given of a link; the rest stays. Raises: Flawed."""
        told = {**as_row(known), **given, "slug": known.slug}
        link = replace(made(told, self.allowed_hosts), is_paused=known.is_paused)
        return self._change(link, "link changed")

    def pause(self, known: Link) -> Link:
        """Let a link lead to its fallback."""
        return self._change(replace(known, is_paused=True), "link paused")

    def resume(self, known: Link) -> Link:
        """Let a paused link lead where it was made for."""
        return self._change(replace(known, is_paused=False), "link resumed")

    def expire(self, known: Link) -> Link:
        """End a link now; it leads to its fallback from then on."""
        return self._change(replace(known, expires_at=self.now), "link ended")

    def take(self, found: Sequence[Link], where: str) -> None:
        """Keep the links of a file: new ones, and those that are there, changed.

        What the file does not tell stays: whether a link is paused, and its arms.
        """
        known = {one.slug: one for one in links.every(self.store)}
        for link in found:
            if link.slug in known:
                before = known[link.slug]
                kept = replace(link, is_paused=before.is_paused, arms=before.arms)
                links.change(self.store, kept, self.now)
            else:
                links.add(self.store, link, self.now)
        n = str(len(found))
        audit.note(self.store, self.who, "links imported", where, self.now, n)

    def _change(self, link: Link, action: str) -> Link:
        links.change(self.store, link, self.now)
        self._note(action, link)
        return link

    def _note(self, action: str, link: Link) -> None:
        audit.note(self.store, self.who, action, link.slug, self.now, link.to)
