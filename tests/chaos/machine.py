"""What a machine does to processes: signals, no more files, another clock."""

from pathlib import Path
from time import sleep

import psutil

from forwarder.core import failpoints
from tests.chaos.scenario import at, scenario
from tests.chaos.world import World, go_on

SPARE_FILES = 3


@scenario(
    "F21", "SIGTERM to worker and web under load (F21, F22)",
    at("sqlite+folder", "sqlite+redis", "postgresql+rabbitmq"),
)  # fmt: skip
def asked_to_end(world: World) -> None:
    for role in ("worker", "web"):
        with world.traffic(1 / 2):
            sleep(world.random.random())
            world.end(role)
            world.back(role)


@scenario(
    "F18", "a worker stands still for longer than its lease (F18)",
    at("sqlite+folder", "postgresql+redis"),
)  # fmt: skip
def stands_still(world: World) -> None:
    world.arm("after_freeze", "stop")
    with world.traffic():
        world.wait_taken("after_freeze")
        asleep = _stopped(world)
        world.n_crashes += 1
        world.box.start("worker")
        sleep(1)
        world.box.let_leases_lapse(asleep.pid)
    world.wait_for("the other worker did it", world.hurry, 60)
    if psutil.pid_exists(asleep.pid):
        go_on(asleep)
    sleep(1)


def _stopped(world: World) -> psutil.Process:
    found: list[psutil.Process] = []

    def is_found() -> bool:
        family = world.family("worker")
        found.extend(one for one in family if one.status() == psutil.STATUS_STOPPED)
        return bool(found)

    world.wait_for("the worker stands still", is_found, 10)
    return found[0]


@scenario(
    "F11f", "no file can be opened any more, for two seconds",
    at("sqlite+folder", "postgresql+rabbitmq"),
)  # fmt: skip
def out_of_files(world: World) -> None:
    world.n_crashes += 1
    for role in ("web", "worker"):
        with world.traffic(1 / 2):
            sleep(0.5)
            held = [
                (one, one.rlimit(psutil.RLIMIT_NOFILE)) for one in world.family(role)
            ]
            for one, (_, hard) in held:
                one.rlimit(psutil.RLIMIT_NOFILE, (one.num_fds() + SPARE_FILES, hard))
            sleep(2)
            for one, limits in held:
                if one.is_running():
                    one.rlimit(psutil.RLIMIT_NOFILE, limits)


@scenario(
    "F23", "every role is started anew, one after another, under load (F23)",
    at("postgresql+redis", "sqlite+rabbitmq"),
)  # fmt: skip
def rolling_restart(world: World) -> None:
    with world.traffic():
        for role in ("worker", "beat", "web"):
            sleep(world.random.random())
            world.end(role)
            world.back(role)


@scenario(
    "F51", "the clock jumps ahead and back, and is right again (F51)",
    at("sqlite+folder", "postgresql+redis"),
)  # fmt: skip
def clock_jumps(world: World) -> None:
    clock = world.points / failpoints.CLOCK
    for ahead_s in (240, -240, 0):  # what is signed may be 300 s old
        with world.traffic(1 / 3):
            _set(clock, ahead_s)
            sleep(0.7)
    for ahead_s in (600, -3_600, 0):
        _set(clock, ahead_s)
        sleep(1.2)  # longer than a tick


def _set(clock: Path, ahead_s: int) -> None:
    draft = clock.with_suffix(".draft")
    draft.write_text(str(ahead_s))
    draft.rename(clock)
