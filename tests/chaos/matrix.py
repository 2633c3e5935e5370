"""Run scenarios on configurations, one after another, and say what came of each."""

import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from random import Random  # noqa: TID251 - with a seed that is written down
from tempfile import TemporaryDirectory
from time import monotonic

from tests.chaos.load import Call
from tests.chaos.oracle import CANARY, Finding, check
from tests.chaos.scenario import SCENARIOS, Scenario
from tests.chaos.world import EVERYWHERE, Configuration, Servers, World
from tests.e2e import canary

ROLL = (
    "crashes",
    "machine",
    "brokers",
    "storage",
    "disk",
    "platform",
    "inbound",
    "repairs",
)
for name in ROLL:
    import_module(f"tests.chaos.{name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One scenario on one configuration, with its seed."""

    scenario: Scenario
    configuration: Configuration
    seed: int

    def __str__(self) -> str:
        return f"{self.scenario.name} {self.configuration} seed {self.seed}"


@dataclass(slots=True, kw_only=True)
class Result:
    """What came of one cell. Units: seconds from the first event to rest."""

    cell: Cell
    finding: Finding
    seconds: float
    notes: Sequence[str] = ()


def cells(seed: int, only: Sequence[str] = ()) -> Iterator[Cell]:
    """Give the cells of the matrix, each with a seed of its own that stays its own.

    `only` holds names of scenarios and words of configurations; of each kind that is
    there one must fit.
    """
    names = {one for one in only if one in SCENARIOS}
    words = set(only) - names
    known = {word for one in EVERYWHERE for word in _words(one)}
    assert words <= known, f"nobody knows {sorted(words - known)}"
    for scenario in SCENARIOS.values():
        for configuration in scenario.where:
            of_its_own = Random(f"{seed} {scenario.name} {configuration}")  # noqa: S311
            cell_seed = of_its_own.randrange(10**6)
            fits = not names or scenario.name in names
            if fits and (not words or words & _words(configuration)):
                yield Cell(
                    scenario=scenario, configuration=configuration, seed=cell_seed
                )


def _words(configuration: Configuration) -> set[str]:
    return {str(configuration), configuration.database, configuration.broker}


def run(cell: Cell, servers: Servers, n_events: int) -> Result:
    """Run one cell to its rest and check it; a fault of the act is a finding too."""
    scenario = cell.scenario
    with TemporaryDirectory(prefix="chaos-") as folder:
        world = World(
            configuration=cell.configuration,
            servers=servers,
            folder=Path(folder),
            random=Random(cell.seed),  # noqa: S311 - repeatable on purpose
            n_events=round(n_events * scenario.share),
            needs=scenario.needs,
        )
        with world:
            started_s = monotonic()
            finding = _played(cell, world)
            return Result(
                cell=cell,
                finding=finding,
                seconds=monotonic() - started_s,
                notes=world.notes,
            )


def _played(cell: Cell, world: World) -> Finding:
    try:
        if cell.scenario.starts:
            world.start()
        cell.scenario.act(world)
        with world.posting(_canaries()):
            pass
        world.drain()
        finding = check(world)
    except Exception as fault:  # noqa: BLE001 - the other cells go on
        told = "".join(traceback.format_exception(fault))
        finding = Finding(wrong=[f"{type(fault).__name__}: {fault}"])
        sys.stderr.write(f"{told}\n")
    if finding.wrong:
        sys.stderr.write(f"--- {cell}\n{world.box.told()}\n")
    return finding


def _canaries() -> list[Call]:
    """Return one webhook of every source about the person who must be seen nowhere."""
    found = []
    for source, notice in canary.notices(CANARY):
        path = f"/hooks/my-{source.replace('_', '-')}/{notice.path_secret}".rstrip("/")
        given = (path, notice.body, dict(notice.headers))
        found.append(Call(f"canary {source}", [], lambda given=given: given))  # type: ignore[misc]
    return found
