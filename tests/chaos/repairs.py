"""What people do while shops post: send again, cancel, change the data key."""

from forwarder.store import jobs
from forwarder.store.jobs import Job, State
from tests.chaos.inbound import check_p99
from tests.chaos.scenario import at, scenario
from tests.chaos.world import World

RATE = "50"  # events a second, so that there is time to cancel
OVER_WITHIN_S = 120.0
RETIRED_WITHIN_S = 120.0


@scenario(
    "F53", "all is sent again while shops post, and once that is cancelled (F53-F56)",
    at("sqlite+folder", "postgresql+redis"), is_alone=True,
)  # fmt: skip
def sent_again(world: World) -> None:
    """What left before leaves as it left then; nobody who posts waits for it."""
    posted = world.steps(2)
    next(posted)()
    world.drain()
    slow = _replay(world, "--rate", RATE)
    world.wait_for("some are set back", lambda: _job(world, slow).n_done > 0, 30)
    ended = world.box.run("jobs", "cancel", str(slow))
    assert ended.returncode == 0, ended.stderr
    world.wait_for("it ends", lambda: _job(world, slow).is_over, OVER_WITHIN_S)
    whole = _replay(world)
    world.book.took_s.clear()
    next(posted)()
    world.wait_for("it is done", lambda: _job(world, whole).is_over, OVER_WITHIN_S)
    check_p99(world, [one for part in world.book.took_s.values() for one in part])
    first, second = _job(world, slow), _job(world, whole)
    assert (first.state, second.state) == (State.CANCELLED, State.DONE)
    assert 0 < first.n_done < first.n_planned
    world.notes.append(f"{first.n_done} and {second.n_done} again")


def _replay(world: World, *words: str) -> int:
    """Ask for all that was delivered to be sent again; return the job's number."""
    world.drain()
    asked = ("events", "replay", "--status", "delivered", "--yes", "--no-wait")
    done = world.box.run(*asked, *words)
    assert done.returncode == 0, done.stderr
    return max(one.id for one in jobs.list_jobs(world.box.store))


def _job(world: World, number: int) -> Job:
    found = jobs.find(world.box.store, number)
    assert found is not None
    return found


@scenario(
    "F27k", "the worker dies while it seals all anew with another data key",
    at("sqlite+folder", "postgresql+rabbitmq"),
)  # fmt: skip
def key_change_dies(world: World) -> None:
    """Who comes next goes on; the old key is retired when nothing needs it any more."""
    posted = world.steps(2)
    next(posted)()
    world.arm("mid_rotation", nth=2)
    rotated = world.box.run("keys", "rotate", "--yes")
    assert rotated.returncode == 0, rotated.stderr
    next(posted)()
    world.wait_taken("mid_rotation")
    world.n_crashes += 1
    world.back("worker")
    world.lapse_the_dead()
    world.wait_for(
        "the old key is retired",
        lambda: world.box.run("keys", "retire", "--yes").returncode == 0,
        RETIRED_WITHIN_S,
        2.0,
    )
