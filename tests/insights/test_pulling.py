"""Pinterest's own counts are pulled from a strict fake, kept, and judged."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests

from forwarder import outside
from forwarder.asking import Caller, NoAnswer
from forwarder.core.experiment import Objective, Phase, Plan, Variable, Variant
from forwarder.core.kpi import Counts
from forwarder.insights.pulling import Subject, kpi_of_the_day, pull_kpi
from forwarder.insights.thresholds import Thresholds
from forwarder.pulls.pinterest_organic import ORGANIC, Organic, reach
from forwarder.store import Store, experiments, kpi, kpi_tasks, open_store, pins
from forwarder.store.migrate import upgrade
from tests.pulls.pinterest_box import NOW, TODAY, Pinterest, pinterest
from tests.web.console_desk import DATA_KEY

LIMITS = Thresholds()
DAY = timedelta(days=1)


@dataclass
class Bench:
    """A fake Pinterest, and a store for what it counts."""

    platform: Pinterest
    store: Store

    @property
    def organic(self) -> Organic:
        caller = Caller(
            api=ORGANIC,
            session=outside.session(allow_private=True, any_port=True),
            base_url=f"{self.platform.url}/v5",
            headers={"Authorization": "Bearer pina_KPI"},
        )
        return Organic(caller=caller, nap=self.nap)

    def nap(self, seconds: float) -> None:
        """Let the fake's clock go on, which lets its rate limits recover."""
        self.platform.naps.append(seconds)
        self.platform.clock.now_s += seconds

    def fail(self, *faults: dict[str, Any]) -> None:
        self.platform.fail(*({**one, "on": "reports"} for one in faults))

    def seed(self, *rows: dict[str, Any], where: str = "organic") -> None:
        url = f"{self.platform.url}/_sandbox/{where}"
        reply = requests.post(url, json=list(rows), timeout=10)
        assert reply.ok, reply.text


@pytest.fixture(scope="module")
def platform() -> Iterator[Pinterest]:
    with pinterest() as found:
        yield found


@pytest.fixture
def bench(platform: Pinterest, sqlite_url: str) -> Iterator[Bench]:
    store = open_store(sqlite_url, [DATA_KEY])
    upgrade(store)
    for where in ("organic", "organic-pins"):
        requests.delete(f"{platform.url}/_sandbox/{where}", timeout=10)
    requests.delete(f"{platform.url}/_sandbox/faults", timeout=10)
    platform.naps.clear()
    platform.clock.now_s += 90  # what earlier tests asked is forgotten by then
    yield Bench(platform, store)
    store.close()


def row(days_ago: int, shown: int, clicks: int = 0, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    metrics = {
        "IMPRESSION": shown,
        "OUTBOUND_CLICK": clicks,
        "PIN_CLICK": 3 * clicks,
        "SAVE": 2 * clicks,
        "OUTBOUND_CLICK_RATE": 0.9,  # never believed
    }
    return {"date": f"{TODAY - days_ago * DAY}", "metrics": metrics, **more}


def days(store: Store) -> dict[date, Counts]:
    return kpi.account_days(store, reach(TODAY), TODAY)


def test_the_account_comes_89_days_back_and_rates_are_never_taken(bench: Bench) -> None:
    bench.seed(row(89, 500, 1), row(1, 1000, 2), row(0, 9, 9), row(90, 7, 7))
    pulled = pull_kpi(bench.organic, bench.store, NOW)

    assert {
        TODAY - 89 * DAY: Counts(500, 3, 1, 2),
        TODAY - DAY: Counts(1000, 6, 2, 4),
    } == (days(bench.store))
    assert (2, 0, 0) == (
        pulled.account.n_new,
        pulled.account.n_changed,
        pulled.account.n_same,
    )
    assert () == pulled.notes


@pytest.mark.parametrize("status", ["PROCESSING", "ESTIMATE", "IN_BAD_TAG_DATE", "NEW"])
def test_only_days_that_are_ready_feed_the_rules(bench: Bench, status: str) -> None:
    bench.seed(row(1, 1000, 2, data_status=status), row(2, 800, 1))
    pull_kpi(bench.organic, bench.store, NOW)

    assert [TODAY - 2 * DAY] == list(days(bench.store))
    assert TODAY - DAY == kpi.newest_day(bench.store)


@pytest.mark.parametrize(
    "status", ["BEFORE_BUSINESS_CREATED", "IMPRESSIONS_SMALLER_THAN_THRESHOLD"]
)
def test_no_data_is_not_nought(bench: Bench, status: str) -> None:
    bench.seed(row(1, 0, data_status=status))
    pulled = pull_kpi(bench.organic, bench.store, NOW)

    assert 0 == pulled.account.n_new
    assert kpi.newest_day(bench.store) is None


def test_the_same_answer_twice_changes_nothing_and_another_is_a_revision(
    bench: Bench,
) -> None:
    bench.seed(
        *(row(n, 100 * n, n, pin_id=pin) for n in range(1, 80) for pin in ("11", None))
    )
    pull_kpi(bench.organic, bench.store, NOW)
    again = pull_kpi(bench.organic, bench.store, NOW + DAY / 2)
    requests.delete(f"{bench.platform.url}/_sandbox/organic", timeout=10)
    bench.seed(row(3, 999, 3))
    changed = pull_kpi(bench.organic, bench.store, NOW + DAY / 2)

    assert (0, 0, 79) == (
        again.account.n_new,
        again.account.n_changed,
        again.account.n_same,
    )
    assert (79, 0) == (again.of_pins.n_same, again.of_pins.n_changed)
    assert (1, 0) == (changed.account.n_changed, changed.account.n_new)
    assert 999 == days(bench.store)[TODAY - 3 * DAY].impressions


def test_a_day_that_becomes_ready_counts_from_then_on(bench: Bench) -> None:
    bench.seed(row(2, 700, 1, data_status="PROCESSING"))
    pull_kpi(bench.organic, bench.store, NOW)
    assert {} == days(bench.store)
    requests.delete(f"{bench.platform.url}/_sandbox/organic", timeout=10)
    bench.seed(row(2, 700, 1))
    pull_kpi(bench.organic, bench.store, NOW)

    assert [TODAY - 2 * DAY] == list(days(bench.store))


def test_leading_pins_are_pulled_and_a_deleted_one_keeps_its_days(bench: Bench) -> None:
    bench.seed(*(row(n, 100, 1, pin_id="11") for n in (1, 2)), row(1, 50, pin_id="22"))
    pull_kpi(bench.organic, bench.store, NOW)
    requests.delete(f"{bench.platform.url}/_sandbox/organic", timeout=10)
    bench.seed(row(1, 50, pin_id="22"))
    experiments.create(bench.store, plan("11", "22"), NOW)
    pulled = pull_kpi(bench.organic, bench.store, NOW)

    assert ("11",) == pulled.gone  # asked for as an experiment's, and not there
    assert 200 == kpi.pin_sums(bench.store, reach(TODAY), TODAY)["11"].impressions


def test_no_more_than_fifty_pins_lead_by_one_count(bench: Bench) -> None:
    bench.seed(*(row(1, 1000 + n, n, pin_id=f"{n}") for n in range(1, 81)))
    pulled = pull_kpi(bench.organic, bench.store, NOW)
    listed(bench, *(f"{n}" for n in range(1, 81)))
    whole = pull_kpi(bench.organic, bench.store, NOW, has_all_pins=True)

    assert 50 <= pulled.n_pins < 80  # fifty by each count
    assert 80 == whole.n_pins


def listed(bench: Bench, *ids: str, **more: str) -> None:
    rows = [
        {
            "id": pin,
            "title": f"Pin {pin}",
            "created_at": "2026-11-01T08:00:00",
            "creative_type": "REGULAR",
            "board_id": "7",
            "link": "https://shop.example/a?utm_source=pin&email=x#top",
            **more,
        }
        for pin in ids
    ]
    bench.seed(*rows, where="organic-pins")


def test_pins_boards_and_devices_are_kept_and_links_without_their_query(
    bench: Bench,
) -> None:
    bench.seed(
        row(1, 100, 1, pin_id="11"),
        row(1, 800, 8, app_type="MOBILE"),
        row(1, 200, 2, app_type="WEB"),
    )
    listed(bench, "11")
    bench.seed({"id": "7", "name": "Ideas", "pin_count": 240}, where="organic-pins")
    pulled = pull_kpi(bench.organic, bench.store, NOW)
    known = pins.facts(bench.store)["11"]

    assert (1, 2) == (pulled.n_boards, pulled.n_device_days)
    assert ("https://shop.example/a", "REGULAR", "7", date(2026, 11, 1)) == (
        known.page,
        known.pin_format,
        known.board_id,
        known.created_on,
    )
    assert {"11": "Pin 11"} == kpi.titles(bench.store)
    assert {"MOBILE": 800, "WEB": 200} == {
        device: one.impressions
        for device, one in pins.device_sums(bench.store, reach(TODAY), TODAY).items()
    }


def test_a_busy_platform_is_asked_again(bench: Bench) -> None:
    bench.seed(row(1, 1000, 2))
    bench.fail(
        {"fault": "http", "status": 429, "headers": {"Retry-After": "7"}, "times": 1},
        {"fault": "http", "status": 503, "times": 1},
    )
    pulled = pull_kpi(bench.organic, bench.store, NOW)

    assert 1 == pulled.account.n_new
    assert 7.0 == bench.platform.naps[0]


def test_a_wrong_token_is_told_with_its_remedy(bench: Bench) -> None:
    bench.fail({"fault": "http", "status": 401, "times": 1})
    with pytest.raises(NoAnswer, match=r"no counts.*user_accounts:read"):
        pull_kpi(bench.organic, bench.store, NOW)


def test_what_does_not_come_is_a_note_and_the_rest_is_kept(bench: Bench) -> None:
    bench.seed(row(1, 1000, 2), row(1, 100, 2, pin_id="11"))
    bench.fail(  # the account's days come, the list of Pins does not
        {"fault": "slow", "seconds": 0, "times": 1},
        {"fault": "http", "status": 403, "times": 1},
    )
    pulled = pull_kpi(bench.organic, bench.store, NOW)
    [note] = pulled.notes

    assert note.startswith("what the Pins are: no counts")
    assert (1, 1) == (pulled.account.n_new, pulled.of_pins.n_new)


def plan(*of_pins: str) -> Plan:
    return Plan(
        name="spring",
        objective=Objective.VISITS,
        variable=Variable.HEADLINE,
        phase=Phase.CREATIVE,
        variants=[
            Variant(name=f"v{pin}", attributes={"headline": pin}, pin_ids=[pin])
            for pin in of_pins
        ],
        rho=0.002,
    )


def test_the_days_work_is_done_once_a_day_and_records_experiments(bench: Bench) -> None:
    experiments.create(bench.store, plan("11", "22"), NOW - 20 * DAY)
    for n in range(1, 20):
        bench.seed(
            row(n, 3000, 6, pin_id="11"),
            row(n, 3000, 18, pin_id="22"),
            row(n, 90_000, 20),
        )
    subject = Subject(store=bench.store, organic=bench.organic, limits=LIMITS)
    first = kpi_of_the_day(subject, NOW)
    second = kpi_of_the_day(subject, NOW + timedelta(hours=2))

    assert first is not None
    assert second is None
    assert b'"winner":1' in (experiments.decided(bench.store, "spring") or b"")
    assert "low_save_rate" in {task.rule for task in kpi_tasks.tasks(bench.store)}


def test_without_a_token_the_days_work_is_done_with_imports(bench: Bench) -> None:
    subject = Subject(store=bench.store, organic=None, limits=LIMITS)

    assert kpi_of_the_day(subject, datetime(2026, 11, 22, tzinfo=UTC)) is None
    assert [] == list(kpi_tasks.tasks(bench.store))


def test_after_a_failure_it_is_tried_again_the_next_hour(bench: Bench) -> None:
    bench.seed(row(1, 1000, 2))
    subject = Subject(store=bench.store, organic=bench.organic, limits=LIMITS)
    bench.fail({"fault": "http", "status": 401, "times": 1})
    with pytest.raises(NoAnswer):
        kpi_of_the_day(subject, NOW)

    assert kpi_of_the_day(subject, NOW + timedelta(minutes=1)) is None
    assert kpi_of_the_day(subject, NOW + timedelta(hours=1)) is not None
