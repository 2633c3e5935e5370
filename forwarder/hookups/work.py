"""The webhooks of one endpoint at its platform: looked at, set up, removed."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from forwarder.asking import Caller
from forwarder.hookups.platform import Added, Hook, Platform


@dataclass(frozen=True, slots=True)
class Plan:
    """What is there, and what is to be set up: one webhook per member of `missing`.

    `lacking` are topics that a webhook of ours should have and has not: it must be
    removed first, since a second one would tell everything else twice.
    """

    ours: tuple[Hook, ...]
    missing: tuple[tuple[str, ...], ...]
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hookup:
    """One endpoint at its platform, ready to be asked. All of it raises NoAnswer.

    `url` is where its webhooks lead. `secret` is that of the settings, to be handed
    over where the secret is ours to choose.
    """

    platform: Platform
    account: Caller
    url: str
    secret: str = field(repr=False)

    def plan(self) -> Plan:
        """Return which webhooks are there and which are missing; changes nothing."""
        return plan(self.platform, self.platform.listed(self.account), self.url)

    def add(self, topics: tuple[str, ...]) -> Added:
        """Set one webhook up: a member of `missing`."""
        return self.platform.add(self.account, self.url, topics, self.secret)

    def remove(self, hook: Hook) -> None:
        """Remove one webhook: a member of `ours`."""
        self.platform.remove(self.account, hook.id)


def plan(platform: Platform, hooks: Iterable[Hook], url: str) -> Plan:
    """Return what setting up would do."""
    ours = tuple(hook for hook in hooks if hook.url.rstrip("/") == url)
    known = {topic for hook in ours for topic in hook.topics}
    absent = tuple(topic for topic in platform.topics if topic not in known)
    if not platform.is_joint:
        return Plan(ours, tuple((topic,) for topic in absent))
    if "*" in known:
        return Plan(ours, ())
    return Plan(ours, (), absent) if ours else Plan(ours, (absent,))
