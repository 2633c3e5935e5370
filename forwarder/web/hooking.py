"""Webhooks set up at a shop's platform and removed again, for console and API alike.

What is done is what was shown before: if the platform tells otherwise by then, nothing
is done. One run at a time, since two at once would set everything up twice.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Final

from forwarder.asking import NoAnswer
from forwarder.hookups import Added, Hook, Hookup, Plan, why_not
from forwarder.store import audit
from forwarder.web.desk import web_desk

# No further webhook is begun after it; one question may last another half a minute.
WITHIN_S: Final = 20.0
SLOW: Final = "the platform answers slowly, so this ended early"

_one_at_a_time = Lock()


class Unreached(Exception):
    """The platform can not be asked, or did not answer: the sentence says why."""


class Changed(Exception):
    """What is there is not what was shown: nothing was done. `plan` is what is now."""

    def __init__(self, plan: Plan) -> None:
        """Keep what is there now."""
        super().__init__("there are other webhooks now than were shown")
        self.plan = plan


class Busy(Exception):
    """Somebody sets webhooks up or removes some right now."""


@dataclass(frozen=True, slots=True)
class Done:
    """One webhook that was set up or removed. `secret` if the platform made one."""

    id: str
    topics: tuple[str, ...]
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What was done of `n_wanted` webhooks; `why` is empty if that is all of them."""

    deed: "Deed"
    n_wanted: int
    done: Sequence[Done]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What can be done with a plan: `mark` tells two plans of it apart."""

    action: str
    mark: Callable[[Plan], str]
    steps: Callable[[Hookup, Plan], Sequence[Callable[[], Done]]]


def _set_up(hookup: Hookup, topics: tuple[str, ...]) -> Done:
    made: Added = hookup.add(topics)
    return Done(made.id, topics, made.secret)


def _remove(hookup: Hookup, hook: Hook) -> Done:
    hookup.remove(hook)
    return Done(hook.id, hook.topics)


SET_UP: Final = Deed(
    action="webhooks registered",
    mark=lambda plan: " ".join(topic for one in plan.missing for topic in one),
    steps=lambda at, plan: [partial(_set_up, at, one) for one in plan.missing],
)
REMOVE: Final = Deed(
    action="webhooks removed",
    mark=lambda plan: " ".join(hook.id for hook in plan.ours),
    steps=lambda at, plan: [partial(_remove, at, one) for one in plan.ours],
)


def look(name: str) -> Plan:
    """Return which webhooks of an endpoint are there and missing. Raises: Unreached."""
    return _plan(_reach(name))


def run(deed: Deed, name: str, who: str, shown: str | None) -> Ran:
    """Do it and write down who did; `shown` is the mark of the plan that was seen.

    Raises: Unreached, Changed, Busy, StoreDown.
    """
    hookup = _reach(name)
    if not _one_at_a_time.acquire(blocking=False):
        raise Busy
    try:
        plan = _plan(hookup)
        if shown is not None and shown != deed.mark(plan):
            raise Changed(plan)
        ran = _run(deed, deed.steps(hookup, plan))
    finally:
        _one_at_a_time.release()
    desk, told = web_desk(), f"{len(ran.done)} webhooks"
    audit.note(desk.store, who, deed.action, name, desk.clock(), told)
    return ran


def _reach(name: str) -> Hookup:
    found = web_desk().hookup(name)
    if isinstance(found, str):
        raise Unreached(found)
    return found


def _plan(hookup: Hookup) -> Plan:
    try:
        return hookup.plan()
    except NoAnswer as none:
        raise Unreached(why_not(none)) from None


def _run(deed: Deed, steps: Sequence[Callable[[], Done]]) -> Ran:
    done: list[Done] = []
    why, until = "", time.monotonic() + WITHIN_S
    for step in steps:
        if time.monotonic() > until:
            why = SLOW
            break
        try:
            done.append(step())
        except NoAnswer as none:
            why = why_not(none)
            break
    return Ran(deed=deed, n_wanted=len(steps), done=done, why=why)
