"""Processes that die: at every named place, at random times, and what they left."""

from time import sleep

from forwarder.broker import QUEUE, transport
from tests.chaos.scenario import at, scenario
from tests.chaos.world import World, go_on, stop_process
from tests.e2e.processes import STOP_WITHIN_S, wait_until

WEB_PLACES = ("before_verify", "before_commit", "after_commit", "before_publish")
WORKER_PLACES = (
    "after_claim",
    "after_freeze",
    "before_post",
    "after_post",
    "mid_settle",
    "after_settle",
)
N_KILLS = 5


@scenario("F01", "the web dies before, in and after the commit (F01-F03)")
def web_dies(world: World) -> None:
    for place in WEB_PLACES:
        nth = 1 if place == "before_publish" else world.random.randint(1, 5)
        world.crash("web", place, 1 / len(WEB_PLACES), nth)


@scenario("F17", "the worker dies from claim to settlement (F17)")
def worker_dies(world: World) -> None:
    for place in WORKER_PLACES:
        world.crash("worker", place, 1 / len(WORKER_PLACES))
        world.lapse_the_dead()


@scenario(
    "F20", "web and worker are killed at random times (F20)",
    at("sqlite+folder", "postgresql+redis", "sqlite+rabbitmq"),
)  # fmt: skip
def killed_at_random(world: World) -> None:
    for _ in range(N_KILLS):
        role = world.random.choice(["web", "worker"])
        with world.traffic(1 / N_KILLS):
            sleep(world.random.random())
            world.kill(role)
            world.back(role)
        world.lapse_the_dead()


@scenario(
    "F24", "an upgrade of the tables is killed and run again (F24)",
    at("sqlite+folder", "postgresql+redis"), starts=False,
)  # fmt: skip
def upgrade_dies(world: World) -> None:
    world.arm("mid_migration")
    killed = world.box.run("db", "upgrade")
    again = world.box.run("db", "upgrade")
    assert killed.returncode < 0, killed.stderr
    assert again.returncode == 0, again.stderr
    world.start()
    with world.traffic():
        pass


@scenario(
    "F32k", "the worker dies while it halves a refused batch (F32)",
    at("sqlite+folder", "postgresql+rabbitmq"),
)  # fmt: skip
def halving_dies(world: World) -> None:
    world.box.order({"fault": "http", "status": 400, "times": 4})
    world.crash("worker", "mid_bisect", 1)


@scenario(
    "F27b", "look-ups, sweep and replay are killed in the middle",
    at("sqlite+folder", "postgresql+redis"),
)  # fmt: skip
def side_work_dies(world: World) -> None:
    posted = world.steps(3)
    next(posted)()
    _let_look_up(world)
    next(posted)()
    world.arm("mid_sweep")
    world.wait_for("the sweep is reached", lambda: _is_swept(world), 60, 2)
    world.wait_taken("mid_sweep")
    world.n_crashes += 1
    world.back("worker")
    world.box.order({"fault": "fail_events", "share": 0.5, "message": "Not good."})
    next(posted)()
    world.drain()
    world.arm("mid_replay")
    replay = ("events", "replay", "--status", "refused", "--yes", "--no-wait")
    told = world.box.run(*replay)
    assert told.returncode == 0, told.stderr
    world.wait_taken("mid_replay")
    world.n_crashes += 1
    world.back("worker")
    world.wait_for("the replay goes on", lambda: _is_replayed(world), 120)


def _is_replayed(world: World) -> bool:
    query = "SELECT count(*) FROM jobs WHERE state IN ('planned', 'running')"
    with world.box.store.read() as connection:
        return connection.exec_driver_sql(query).scalar_one() == 0


def _let_look_up(world: World) -> None:
    """Make waiting events thin from outside, and let a worker die over them."""
    worker = world.process("worker")
    stop_process(worker)
    with world.traffic(0.1):
        pass
    with world.box.store.write() as connection:
        connection.exec_driver_sql(
            "UPDATE deliveries SET enrich = 'stripe_line_items' "
            "WHERE status = 'pending' AND claim_id IS NULL"
        )
    world.arm("enrich", nth=3)
    go_on(worker)
    world.wait_taken("enrich")
    world.n_crashes += 1
    world.back("worker")


def _is_swept(world: World) -> bool:
    """Ask for a sweep, as if none had been yet; say whether one was reached."""
    with world.box.store.write() as connection:
        connection.exec_driver_sql("DELETE FROM duties WHERE job = 'sweep'")
    _ask_for("sweep", world)
    return world.is_taken("mid_sweep")


def _ask_for(task: str, world: World) -> None:
    from celery import Celery  # noqa: PLC0415 - only here

    settings = transport(world.box.broker_url, world.folder / "var")
    celery = Celery("test", broker=settings["broker_url"])
    celery.conf.broker_transport_options = settings["broker_transport_options"]
    celery.send_task(task, queue=QUEUE, retry=False)
    celery.close()


@scenario(
    "F25", "two beats and two workers; both die, one comes back (F25)",
    at("postgresql+redis", "postgresql+rabbitmq"),
)  # fmt: skip
def two_of_each(world: World) -> None:
    world.box.start("beat")
    world.box.start_worker()
    with world.traffic():
        sleep(world.random.random())
        for role in ("beat", "worker"):
            world.box.the(role).kill()
            world.n_crashes += 1
            world.box.start(role)


@scenario(
    "F25s", "the supervisor of one box is killed and started again (F25)",
    at("folder"),
)  # fmt: skip
def supervisor_dies(world: World) -> None:
    serve = world.box.the("serve")
    with world.traffic():
        sleep(1 + world.random.random())
        serve.look()
        world.is_kept = False
        world.n_crashes += 1
        serve.kill()
        wait_until("the children end", lambda: not serve.left(), STOP_WITHIN_S)
        world.is_kept = True
