"""A platform that refuses, throttles, lies, hangs and goes away."""

from collections.abc import Mapping
from time import sleep

from tests.chaos.scenario import at, scenario
from tests.chaos.world import World

Order = Mapping[str, object]
LONG = {"1000000000", "soon", "NaN"}
TWO = at("sqlite+folder", "postgresql+redis")


def one_by_one(world: World, orders: list[Order]) -> None:
    """Let each fault happen while a part of the events is on its way."""
    world.random.shuffle(orders)
    for order in orders:
        world.box.order(order)
        with world.traffic(1 / len(orders)):
            world.wait_for("the fault has come", lambda: _has_come(world), 90)


def _has_come(world: World) -> bool:
    world.hurry()
    return world.box.n_faults() == 0


@scenario("F26", "429 with every kind of Retry-After (F26-F28)", TWO)
def throttled(world: World) -> None:
    """Obey what can be obeyed; a pause of a minute or an hour a restart would end."""
    headers: list[dict[str, str]] = [
        {"Retry-After": "1"},
        {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"},
        {"X-RateLimit-Reset": "1"},
        {"Retry-After": "-5"},
        {"Retry-After": "1000000000"},
        {"Retry-After": "soon"},
        {"Retry-After": "NaN"},
        {},
    ]
    world.random.shuffle(headers)
    for one in headers:
        world.hurry()
        n_told = _n_told(world)
        world.box.order({"fault": "http", "status": 429, "headers": one})
        with world.traffic(1 / len(headers)):  # a hurry now could end the pause
            world.wait_for("it is throttled", lambda: world.box.n_faults() == 0, 90)
        world.wait_for(
            "the pause is written down",
            lambda n_told=n_told: _n_told(world) > n_told,  # type: ignore[misc]
            30,
        )
        if not one or one.get("Retry-After") in LONG:
            _obeys(world, one)


def _n_told(world: World) -> int:
    """Return how many 429 the workers have taken note of: a hurry ends no later one."""
    return sum('"http_status":429' in line for line in world.box.logged())


def _obeys(world: World, headers: Mapping[str, str]) -> None:
    """Check that nobody calls during a pause, and end it: it is the worker's own."""
    n_calls = world.box.ledger()["requests"]
    sleep(2)
    more = world.box.ledger()["requests"] - n_calls
    assert more == 0, f"{more} calls during a pause: {headers}"
    world.end("worker")
    world.back("worker")


@scenario("F29", "errors, pages and garbage in place of an answer (F29, F36)", TWO)
def garbage(world: World) -> None:
    one_by_one(
        world,
        [
            {"fault": "http", "status": 500, "times": 3},
            {"fault": "http", "status": 503, "when": "after"},
            {"fault": "html", "status": 502},
            {"fault": "http", "status": 200, "body": "{", "when": "after"},
            {"fault": "http", "status": 200, "body": "", "when": "after"},
            {"fault": "http", "status": 200, "body": "x" * 10_000_000},
            {"fault": "content_type", "value": "text/html"},
            {"fault": "redirect", "status": 307},
        ],
    )


@scenario("F30", "the answer is lost, late or cut (F30, F33)", TWO)
def answer_lost(world: World) -> None:
    one_by_one(
        world,
        [
            {"fault": "hang_after_accept", "seconds": 2},
            {"fault": "hang_before_accept", "seconds": 2},
            {"fault": "drop_connection", "when": "before"},
            {"fault": "drop_connection", "when": "after"},
            {"fault": "drop_connection", "when": "mid_body"},
            {"fault": "slow", "seconds": 2, "drip": True},
            {"fault": "truncate_events", "n": 3},
            {"fault": "empty_events"},
            {"fault": "no_events"},
        ],
    )


@scenario("F31", "some events, or whole batches, are refused (F31, F32)", TWO)
def refused(world: World) -> None:
    bad = {"fault": "fail_events", "message": "Not a good event."}
    one_by_one(
        world,
        [
            {**bad, "share": 0.1, "status": 422},
            {**bad, "share": 0.1, "status": 200},
            {**bad, "share": 1, "status": 422},
            {"fault": "http", "status": 400, "times": 3},
            {"fault": "wrong_counts"},
        ],
    )


@scenario("F34", "the token is refused, and then taken again (F34)", TWO)
def token_refused(world: World) -> None:
    for status in (401, 403):
        world.box.order({"fault": "http", "status": status, "times": None})
        with world.traffic(1 / 2):
            world.wait_for("the destination is blocked", lambda: _is_blocked(world), 60)
            n_calls = world.box.ledger()["requests"]
            sleep(2)
            more = world.box.ledger()["requests"] - n_calls
            assert more == 0, f"{more} calls to a platform that refuses the token"
            world.box.clear_faults()
        with world.box.store.write() as connection:
            connection.exec_driver_sql("UPDATE destinations SET not_before = since")
        world.drain()


def _is_blocked(world: World) -> bool:
    return "blocked" in world.box.counts()


@scenario("F38", "the platform is away, silent, far, resetting (F38)", TWO)
def unreachable(world: World) -> None:
    line = world.platform
    with world.traffic(1 / 4):
        line.refuse()
        sleep(1.5)
        line.heal()
    world.hurry()
    with world.traffic(1 / 4):
        line.hold()
        sleep(3)
        line.heal()
    world.hurry()
    with world.traffic(1 / 4):
        for _ in range(8):
            sleep(0.2)
            line.cut()
    world.hurry()
    line.delay_s = 0.3
    with world.traffic(1 / 4):
        sleep(1)
    line.heal()
