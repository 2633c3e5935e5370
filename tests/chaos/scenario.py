"""The roll of scenarios: what breaks, and on which configurations it is tried."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.chaos.world import BROKERS, DATABASES, EVERYWHERE, Configuration, World

Act = Callable[[World], None]
SCENARIOS: "dict[str, Scenario]" = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One way to break things. `starts` False: the act starts the processes itself."""

    name: str
    title: str
    act: Act
    where: Sequence[Configuration]
    share: float = 1.0  # of the usual number of events
    starts: bool = True
    needs: str = ""
    is_alone: bool = False  # it measures, so nothing may run beside it


def at(*names: str) -> list[Configuration]:
    """Return configurations by name; a word alone means each that has it."""
    return [
        one
        for one in EVERYWHERE
        if any(str(one) == name or name in {one.database, one.broker} for name in names)
    ]


def scenario(  # noqa: PLR0913 - each is one way in which scenarios differ
    name: str,
    title: str,
    where: Sequence[Configuration] = EVERYWHERE,
    *,
    share: float = 1.0,
    starts: bool = True,
    needs: str = "",
    is_alone: bool = False,
) -> Callable[[Act], Act]:
    """Put an act on the roll."""

    def enter(act: Act) -> Act:
        assert name not in SCENARIOS, name
        SCENARIOS[name] = Scenario(
            name=name,
            title=title,
            act=act,
            where=where,
            share=share,
            starts=starts,
            needs=needs,
            is_alone=is_alone,
        )
        return act

    return enter


def in_turn(*names: str) -> Scenario:
    """Return one scenario of several on one installation, checked at the end of all.

    Each posts its own events. One that starts the processes itself must stand first.
    """
    found = [SCENARIOS[name] for name in names]
    assert all(one.starts for one in found[1:]), names
    needs = {one.needs for one in found} - {""}
    assert len(needs) <= 1, needs

    def act(world: World) -> None:
        for one in found:
            one.act(world)
            world.drain()

    return Scenario(
        name="+".join(names),
        title="; ".join(one.title for one in found),
        act=act,
        where=EVERYWHERE,
        starts=found[0].starts,
        needs="".join(needs),
    )


__all__ = [
    "BROKERS",
    "DATABASES",
    "EVERYWHERE",
    "SCENARIOS",
    "Scenario",
    "at",
    "in_turn",
]
