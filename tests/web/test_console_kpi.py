"""`/console/kpi` and `/console/experiments`: what to change, and whether it worked."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from forwarder.cli.demo_account import pin_id
from forwarder.core.experiment import Shown
from forwarder.core.kpi import Counts, KpiDay
from forwarder.core.links import Link
from forwarder.insights.halves import FirstParty, Halves
from forwarder.insights.period import month_of
from forwarder.insights.recording import record_from_pins, standing_of
from forwarder.insights.thresholds import Thresholds
from forwarder.store import audit, experiments, kpi, links, open_store
from forwarder.store.audit import Wanted
from forwarder.store.migrate import upgrade
from forwarder.web import console_kpi
from forwarder.web.desk import web_desk
from tests.web.console_desk import DATA_KEY, NOW, Desktop, token_in
from tests.web.kpi_desk import fill_first_clicks, fill_kpi

LogIn = Callable[[str], FlaskClient]
LIMITS = Thresholds()


@pytest.fixture(scope="module")
def account_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with two months of the invented account, made once."""
    path = tmp_path_factory.mktemp("account") / "account.db"
    store = open_store(f"sqlite:///{path}", [DATA_KEY])
    upgrade(store)
    fill_kpi(store)
    store.close()
    return path


class TestOverAnAccount:
    """With counts."""

    @pytest.fixture
    def empty_file(self, account_file: Path) -> Path:
        return account_file

    def test_the_page_begins_with_three_cards_and_ends_with_impressions(
        self, log_in: LogIn
    ) -> None:
        page = log_in("viewer").get("/console/kpi?month=2026-10").text
        order = [
            page.index(f">{heading}<")
            for heading in (
                "Do next",
                "Conversions and clicks",
                "Intent",
                "Endorsement",
                "Attention",
                "Rules",
                "Diagnostic, never a goal",
            )
        ]

        assert sorted(order) == order
        assert "insufficient" not in page  # one word: not enough data
        assert 3 == page.count("Test, 7 to 14 days:")
        for section in ("concentration", "rules", "pins"):
            assert f'href="/console/kpi?month=2026-10#{section}"' in page
            assert f'id="{section}"' in page
        assert 'href="/console/link-audits"' in page
        assert "Creative friction" in page
        assert page.index("<h3>Impressions</h3>") > order[-1]
        assert "Start experiment" not in page  # a viewer starts nothing

    def test_the_twin_holds_what_the_page_shows(self, log_in: LogIn) -> None:
        found = log_in("viewer").get("/console/kpi.json?month=2026-10").get_json()

        assert "creative_friction" == found["do_next"][0]["rule"]
        assert 5 == len(found["trends"])
        assert 90 == len(found["trends"][0]["outbound_clicks"])
        assert 4 == len(found["checklist"])
        assert {"ORGANIC_IMAGE"} == set(found["formats"])
        assert 1.0 == found["formats"]["ORGANIC_IMAGE"]["share_of_impressions"]
        assert ["2026-09", "2026-10"] == [one["month"] for one in found["months"]]
        assert found["funnel"]["first_party"] is None
        assert "creative_friction" in [task["rule"] for task in found["tasks"]]

    def test_the_pins_are_exported_most_clicked_first(self, log_in: LogIn) -> None:
        reply = log_in("viewer").get("/console/kpi.csv?month=2026-10")
        rows = list(csv.DictReader(io.StringIO(reply.text)))
        clicks = [int(row["outbound_clicks"]) for row in rows]

        assert "text/csv; charset=utf-8" == reply.content_type
        assert sorted(clicks, reverse=True) == clicks
        assert 300 == len(rows)

    def test_r49_first_and_repeat_revenue_stand_on_every_door(
        self, log_in: LogIn, desktop: Desktop
    ) -> None:
        link = Link(slug="spring", to="https://shop.example/x", pin_id="=1+1")
        links.add(desktop.store, link, NOW)
        fill_first_clicks(desktop.store, "spring")
        client = log_in("viewer")
        page = client.get("/console/kpi?month=2026-10").text
        told = client.get("/console/kpi.json?month=2026-10").get_json()["first_clicks"]
        of_link = client.get("/console/link/spring.json").get_json()["first_clicks"]
        reply = client.get("/console/kpi/first-clicks.csv?month=2026-10")
        rows = list(csv.DictReader(io.StringIO(reply.text)))
        within = {
            "days": 30,
            "people_over": 2,
            "first_orders": 1,
            "first_revenue": {"EUR": "40.00"},
            "repeat_orders": 1,
            "repeat_revenue": {"EUR": "60.00"},
        }

        assert page.index("First and repeat revenue") < page.index("60.00 EUR")
        assert (2, within) == (told["all"]["people"], told["all"]["within"][0])
        assert told["links"]["spring"] == told["pins"]["=1+1"] == told["all"]
        assert within == of_link["within"][0]
        assert "60.00 EUR" in client.get("/console/link/spring").text
        assert ["all", "link", "pin"] == [row["by"] for row in rows[::3]]
        assert ("'=1+1", "EUR", "40.00", "60.00") == (
            rows[-1]["name"],
            rows[-1]["currency"],
            rows[-1]["first_revenue"],
            rows[-1]["repeat_revenue"],
        )

    def test_money_is_told_in_whole_units_and_a_fair_share_of_clicks_is_good(
        self, log_in: LogIn, desktop: Desktop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = log_in("viewer")
        with desktop.app.app_context():
            board = console_kpi.board_of(web_desk(), month_of(date(2026, 10, 1)))
        ours = FirstParty(
            clicks=90,
            landings=80,
            sign_ups=2,
            orders=900,
            repeat_orders=0,
            revenue={"EUR": 4894550, "JPY": 1200},
            repeat_revenue={},
        )
        halves = Halves(
            name="spring", platform=Counts(9000, 200, 100, 5), first_party=ours
        )
        facts = replace(board.facts, halves=halves, campaigns=[halves])
        pages = []
        for limits in (LIMITS, replace(LIMITS, capture_min_percent=95)):
            shown = replace(board, facts=facts, limits=limits)
            monkeypatch.setattr(console_kpi, "board_of", lambda *_, one=shown: one)
            pages.append(client.get("/console/kpi").text)
        good, bad = pages

        assert 2 == good.count("48,945.50 EUR, 1,200 JPY")
        assert "4894550" not in good
        assert "try <code>forwarder audit</code>" not in good
        assert 2 == bad.count("outside 95 to 120 %: try <code>forwarder audit</code>")

    def test_the_page_shows_ten_of_a_kind_and_names_both_axes(
        self, log_in: LogIn, desktop: Desktop
    ) -> None:
        links.add(desktop.store, Link(slug="spring", to="https://shop.example"), NOW)
        fill_first_clicks(desktop.store, "spring")
        page = log_in("viewer").get("/console/kpi?month=2026-10").text
        pins = page[page.index('id="pins"') : page.index('id="boards"')]
        revenue = page[page.index('id="first-clicks"') : page.index("As CSV")]
        all_of_it, parts = revenue.split("<summary>By campaign, link and Pin</summary>")

        assert 10 == pins.count('<th scope="row">')
        assert ">save rate</text>" in page
        assert ">outbound click rate</text>" in page
        assert 3 == all_of_it.count("60.00 EUR") == parts.count("60.00 EUR")

    def test_a_task_is_closed_with_a_word_and_written_down(
        self, log_in: LogIn, desktop: Desktop
    ) -> None:
        client = log_in("operator")
        page = client.get("/console/kpi?month=2026-10").text
        path = "/console/kpi/tasks/2026-10/creative_friction/close"
        form = {"token": token_in(page), "because": "new image won", "how": "outcome"}
        done = client.post(path, data=form)
        again = client.post(path, data=form)

        assert (303, 409) == (done.status_code, again.status_code)
        assert "done: new image won" in client.get("/console/kpi?month=2026-10").text
        [noted] = audit.entries(desktop.store, Wanted(action="closed a task")).entries
        assert ("operator", "new image won") == (noted.who, noted.detail)
        empty = client.post(path, data={"token": token_in(page)})
        assert 422 == empty.status_code

    def test_a_card_begins_a_plan(self, log_in: LogIn) -> None:
        client = log_in("operator")
        path = "/console/experiments/new?rule=creative_friction&month=2026-10"
        page = client.get(path).text

        assert '<option value="visits" selected>' in page
        assert '<option value="image" selected>' in page
        assert 'name="rate_percent" value="0.' in page

    def test_days_of_the_pins_are_recorded_by_themselves(
        self, log_in: LogIn, desktop: Desktop
    ) -> None:
        client = log_in("operator")
        told = plan_form(client) | {"pins-0": pin_id(20), "pins-1": pin_id(21)}
        client.post("/console/experiments", data=told)
        first = NOW.date()
        for pin in (20, 21):
            days = [
                KpiDay(
                    on=first + timedelta(days=n),
                    counts=Counts(1000, 20, 3, 4),
                    pin_id=pin_id(pin),
                    is_final=n < 3,
                )
                for n in range(5)
            ]
            kpi.keep(desktop.store, days, NOW)
        later = NOW + timedelta(days=9)

        assert {"summer": 6} == record_from_pins(desktop.store, LIMITS, later)
        assert {"summer": 0} == record_from_pins(desktop.store, LIMITS, later)


def plan_form(client: FlaskClient) -> dict[str, str]:
    return {
        "token": token_in(client.get("/console/experiments/new").text),
        "name": "summer",
        "objective": "visits",
        "variable": "headline",
        "rate_percent": "0.2",
        "name-0": "plain",
        "value-0": "Ten ideas",
        "name-1": "how",
        "value-1": "How to plan ten",
    }


def test_an_empty_board_says_how_to_fill_it(log_in: LogIn) -> None:
    page = log_in("viewer").get("/console/kpi").text

    assert "Nothing is known to judge by yet." in page
    assert "No rule fired" not in page
    assert 1 == page.count("othing is known of 2026-1")
    assert "<code>forwarder import kpi FILE</code>" in page


@pytest.mark.parametrize("month", ["2026-13", "last", "1999-01"])
def test_what_is_no_month_is_refused_in_words(log_in: LogIn, month: str) -> None:
    reply = log_in("viewer").get(f"/console/kpi?month={month}")

    assert 422 == reply.status_code
    assert "such as 2026-10" in reply.text


def test_an_experiment_is_planned_recorded_and_decided(
    log_in: LogIn, desktop: Desktop
) -> None:
    client = log_in("operator")
    made = client.post("/console/experiments", data=plan_form(client))
    plan = experiments.find(desktop.store, "summer")
    token = token_in(client.get("/console/experiments/summer").text)

    assert 303 == made.status_code
    assert plan is not None
    assert 0.002 == pytest.approx(plan.rho)
    for n in range(8):
        day = {
            "token": token,
            "on": f"{date(2026, 11, 1) + timedelta(days=n)}",
            "impressions-0": "3,000",
            "successes-0": "6",
            "impressions-1": "3000",
            "successes-1": "24",
        }
        assert (
            303 == client.post("/console/experiments/summer/days", data=day).status_code
        )
    page = client.get("/console/experiments/summer").text
    found = client.get("/console/experiments/summer.json").get_json()

    assert "<b>how</b> wins." in page
    assert ("conclusive", "how", 7) == (found["state"], found["winner"], found["day"])
    assert (
        "how"
        == client.get("/console/experiments.json").get_json()["items"][0]["winner"]
    )


def test_a_verdict_stands_whatever_days_are_told_later(
    log_in: LogIn, desktop: Desktop
) -> None:
    test_an_experiment_is_planned_recorded_and_decided(log_in, desktop)
    early = [
        Shown(
            variant=n, on=date(2026, 10, 1), impressions=90_000, successes=900 * (1 - n)
        )
        for n in (0, 1)
    ]
    experiments.record(desktop.store, "summer", early)
    plan = experiments.find(desktop.store, "summer")

    assert plan is not None
    assert "how" == standing_of(desktop.store, plan).winner


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"objective": "impressions"}, "impressions are no goal"),
        ({"name-1": "plain"}, "two variants have the same name"),
        ({"value-1": "Ten ideas"}, "the same headline"),
        ({"name-1": ""}, "at least two variants"),
        ({"rate_percent": "much"}, "rate"),
        ({"phase": "scale"}, "builds on a winner"),
        ({"name": "a/b"}, "letters, digits"),
        ({"slots-0": "2026-11-02, soon"}, "slots"),
    ],
)
def test_a_plan_that_tells_nothing_is_refused_in_words(
    log_in: LogIn, change: dict[str, str], told: str
) -> None:
    client = log_in("operator")
    reply = client.post("/console/experiments", data=plan_form(client) | change)

    assert 422 == reply.status_code
    assert told in reply.text
    assert [] == client.get("/console/experiments.json").get_json()["items"]


def test_a_rate_that_was_mistyped_leaves_its_page_readable(
    log_in: LogIn, desktop: Desktop
) -> None:
    client = log_in("operator")
    client.post("/console/experiments", data=plan_form(client) | {"rate_percent": "70"})
    days = [Shown(variant=0, on=date(2026, 11, 1), impressions=9, successes=1)]
    experiments.record(desktop.store, "summer", days)
    page = client.get("/console/experiments/summer")

    assert 200 == page.status_code
    assert "At a rate of 70% there can be no change of +50%" in page.text


def test_what_is_no_count_is_refused_and_nothing_kept(log_in: LogIn) -> None:
    client = log_in("operator")
    client.post("/console/experiments", data=plan_form(client))
    form = {
        "token": token_in(client.get("/console/experiments/summer").text),
        "on": "2026-11-01",
        "impressions-0": "many",
        "successes-0": "1",
    }
    path = "/console/experiments/summer/days"

    assert 422 == client.post(path, data=form).status_code
    assert 422 == client.post(path, data=form | {"impressions-0": ""}).status_code
    slip = client.post(path, data=form | {"impressions-0": "0"})
    assert (422, True) == (slip.status_code, "more successes than" in slip.text)
    young = form | {"impressions-0": "9", "on": f"{NOW.date()}"}
    assert "is not settled" in client.post(path, data=young).text
    assert 422 == client.post(path, data=form | {"on": "today"}).status_code
    assert 0 == client.get("/console/experiments/summer.json").get_json()["day"]
    assert 404 == client.get("/console/experiments/autumn").status_code


def test_r51_the_form_tells_a_schedule_that_is_confounded(log_in: LogIn) -> None:
    client = log_in("operator")
    weeks = {"slots-0": "2026-11-02, 2026-11-04", "slots-1": "2026-11-09 2026-11-11"}
    form = client.get("/console/experiments/new").text
    client.post("/console/experiments", data=plan_form(client) | weeks)
    found = client.get("/console/experiments/summer.json").get_json()["warnings"]

    assert any("schedule confounded" in one for one in found)
    assert "creative, 7 to 14 days: value first against mood first" in form
    assert "destination, 14 to 21 days: call to action" in form
    assert "scale, 30 to 60 days: one or two winners in five variants" in form


def test_a_name_twice_is_refused(log_in: LogIn) -> None:
    client = log_in("operator")
    client.post("/console/experiments", data=plan_form(client))
    reply = client.post("/console/experiments", data=plan_form(client))

    assert "choose a new one" in reply.text
