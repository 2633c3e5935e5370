"""What stands below the rules: halves, health, boards, kinds of Pins, tasks, advice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import msgspec
import pytest

from forwarder.clicks.funnel import Funnel
from forwarder.clicks.repeats import ByFirstClick, Repeats, Within
from forwarder.core.event import Kind
from forwarder.core.experiment import Objective, Phase, Plan, Variable, Variant
from forwarder.core.kpi import Board, Counts, KpiDay, PinFacts, Task
from forwarder.core.links import Link
from forwarder.core.snapshots import ALL_SOURCES, DayNumber, Windows
from forwarder.insights.account_rules import Outside
from forwarder.insights.advice import ORDER, band_advice
from forwarder.insights.advisor import advise, tolerance
from forwarder.insights.as_json import as_json
from forwarder.insights.as_mail import as_mail
from forwarder.insights.as_text import as_text
from forwarder.insights.board import build_board
from forwarder.insights.boards import board_lines
from forwarder.insights.checklist import checklist
from forwarder.insights.eprocess import State, Verdict
from forwarder.insights.experiment import WrongPlan
from forwarder.insights.findings import RuleState
from forwarder.insights.gather import gather
from forwarder.insights.halves import by_campaign, of_account
from forwarder.insights.health import HealthState, health, slope
from forwarder.insights.peers import age_band
from forwarder.insights.period import month_of
from forwarder.insights.pin_rules import PinView, judge_pins
from forwarder.insights.planning import check
from forwarder.insights.recording import record_from_pins
from forwarder.insights.series import by_month, in_a_row, week_means
from forwarder.insights.tasks import close, open_tasks, wanted
from forwarder.store import (
    Store,
    experiments,
    kpi,
    kpi_outside,
    kpi_tasks,
    link_audits,
    links,
    open_store,
    snapshots,
)
from forwarder.store.migrate import upgrade
from tests.insights.accounts import LIMITS, OCTOBER, counts, facts
from tests.web.console_desk import DATA_KEY

NOW = datetime(2026, 11, 20, tzinfo=UTC)
DAY = timedelta(days=1)
LAST = date(2026, 10, 31)


@pytest.fixture
def kept(sqlite_url: str) -> Iterator[Store]:
    store = open_store(sqlite_url, [DATA_KEY])
    upgrade(store)
    yield store
    store.close()


def funnel(slug: str, clicks: int, **more: object) -> Funnel:
    told: dict[str, object] = {
        "name": slug,
        "platform_clicks": None,
        "captured": clicks,
        "landings": clicks - 8,
        "sign_ups": 8,
        "orders": 3,
        "repeat_orders": 1,
        "orders_by_tier": {},
        "revenue": {"EUR": 10_000},
        "repeat_revenue": {"EUR": 6_000},
    }
    return Funnel(**{**told, **more})  # type: ignore[arg-type]


def test_r22_the_two_halves_stand_apart() -> None:
    links = [Link(slug="a", to="https://shop.example/x", pin_id="1")]
    account, of_pins = counts(10_000, 300, 100), {"1": counts(10_000, 300, 100)}
    found = of_account(account, [funnel("a", 88)], links, of_pins)
    board = build_board(replace(facts(account, account), halves=found), LIMITS)
    told = as_json(board)["funnel"]

    assert {"clicks": 88, "landings": 80, "sign_ups": 8, "orders": 3} == {
        name: told["first_party"][name]
        for name in ("clicks", "landings", "sign_ups", "orders")
    }
    assert "88" not in str(told["platform"])
    assert (0.88, False) == (told["capture_ratio"], told["has_gap"])
    assert {"EUR": "60.00"} == told["first_party"]["repeat_revenue"]


@pytest.mark.parametrize(
    ("clicks", "has_gap"), [(79, True), (80, False), (120, False), (121, True)]
)
def test_r22_a_capture_outside_its_band_is_a_gap(clicks: int, *, has_gap: bool) -> None:
    links = [Link(slug="a", to="https://shop.example/x", pin_id="1")]
    one = counts(10_000, 300, 100)
    found = of_account(one, [funnel("a", clicks)], links, {"1": one})

    assert has_gap == found.has_gap(LIMITS)


def test_r49_first_and_repeat_revenue_stand_in_the_terminal() -> None:
    found = Repeats(
        people=2,
        within=[Within(30, 1, 2, {"EUR": 4000, "USD": 100}, 1, {"EUR": 6000})],
    )
    nobody = Repeats(people=0, within=[])
    told = ByFirstClick(
        first_on=LAST - 364 * DAY,
        last_on=LAST,
        all=found,
        links={"spring": found, "autumn": nobody},
        campaigns={},
        pins={},
    )
    board = build_board(replace(facts(counts(9), counts(9)), first_clicks=told), LIMITS)
    lines = as_text(board).splitlines()
    at = lines.index("  link spring, people: 2")

    assert (
        "    30 days: first 40.00 EUR, 1.00 USD, repeat 60.00 EUR (over for 1 of them)"
        == lines[at + 1]
    )
    assert "autumn" not in as_text(board)
    assert {"EUR": "60.00"} == (
        as_json(board)["first_clicks"]["links"]["spring"]["within"][0]["repeat_revenue"]
    )


def test_clicks_of_pins_without_a_link_leave_no_ratio() -> None:
    links = [Link(slug="a", to="https://shop.example/x", pin_id="1")]
    pins = {"1": counts(100, 9, 5), "2": counts(100, 9, 5)}
    found = of_account(counts(200, 18, 10), [funnel("a", 5)], links, pins)

    assert found.capture_ratio is None
    assert of_account(counts(200), [], [], pins).first_party is None


def test_r48_a_campaign_with_two_pages_is_a_canonical_mismatch() -> None:
    links = [
        Link(slug="a", to="https://shop.example/x?c=1", campaign="spring", pin_id="1"),
        Link(slug="b", to="https://shop.example/y", campaign="spring", pin_id="2"),
        Link(slug="c", to="https://shop.example/z/", campaign="autumn"),
        Link(slug="d", to="https://shop.example/z", campaign="autumn"),
    ]
    pins = {"1": counts(100, 9, 5, 2), "2": counts(300, 9, 5, 2)}
    autumn, spring = by_campaign([funnel("a", 4), funnel("b", 4)], links, pins)

    assert ("spring", True, 2) == (spring.name, spring.is_mixed, len(spring.pages))
    assert counts(400, 18, 10, 4) == spring.platform
    assert Fraction(8, 10) == spring.capture_ratio
    assert (False, None, None) == (
        autumn.is_mixed,
        autumn.platform,
        autumn.capture_ratio,
    )


def rising(n_days: int, *, falls: bool = False) -> dict[date, Counts]:
    """A year's end: both rates rise, or one of them falls; impressions fall by 15 %."""
    found = {}
    for n in range(n_days):
        week = (n_days - 1 - n) // 7
        shown = 10_000 + 200 * week
        saves = 40 + (week if falls else 8 - week)
        found[LAST - (n_days - 1 - n) * DAY] = counts(shown, 0, 30 - week, saves)
    return found


def test_r15_59_days_are_too_early_and_60_are_not() -> None:
    assert HealthState.TOO_EARLY is health(rising(59), LAST, LIMITS).state
    assert HealthState.HEALTHY is health(rising(60), LAST, LIMITS).state
    assert HealthState.INSUFFICIENT_DATA is health({}, None, LIMITS).state


def test_r15_both_rates_rise_though_impressions_fall() -> None:
    found = health(rising(90), LAST, LIMITS)

    assert HealthState.HEALTHY is found.state
    assert HealthState.NOT_RISING is health(rising(90, falls=True), LAST, LIMITS).state
    assert Fraction(1, 2) == slope([(1, 10, Fraction(1)), (3, 10, Fraction(2))])
    assert slope([(1, 10, Fraction(1))]) is None
    assert slope([(1, 0, Fraction(1)), (2, 0, Fraction(2))]) is None


def test_r15_without_impressions_nothing_is_known() -> None:
    nothing = {LAST - n * DAY: Counts() for n in range(90)}

    assert HealthState.INSUFFICIENT_DATA is health(nothing, LAST, LIMITS).state


def test_r21_gaps_stay_gaps() -> None:
    first = date(2026, 10, 1)
    days = {first + n * DAY: 7 for n in range(12) if n not in {2, 3, 4, 5}}
    values = in_a_row(days, first, first + 11 * DAY)

    assert [7, 7, None, None, None, None, 7, 7, 7, 7, 7, 7] == values
    assert [None] * 8 == week_means(values)[:8]
    assert [None, 7.0, 7.0, 7.0] == week_means(values)[8:]
    assert [] == in_a_row(days, first, first - DAY)


def test_r74_twelve_months_and_ninety_days() -> None:
    days = {LAST - n * DAY: counts(10) for n in range(400)}
    lines = by_month(days, OCTOBER)
    told = facts(counts(10), counts(10))
    board = build_board(replace(told, days=days, daily_clicks={"1": {LAST: 4}}), LIMITS)
    found = as_json(board)

    assert 12 == len(lines)
    assert all(line.is_whole for line in lines)
    assert "2025-11" == lines[0].month.text
    assert (12, 90) == (len(found["months"]), len(found["trends"][0]["week_means"]))
    assert not by_month({LAST: counts(1)}, OCTOBER)[0].is_whole


@pytest.mark.parametrize(
    ("days", "band"),
    [(0, "0-7"), (7, "0-7"), (8, "8-30"), (30, "8-30"), (31, "31-90"), (90, "31-90"),
     (91, "90+"), (-1, "0-7")],
)  # fmt: skip
def test_r61_the_bands_of_age_have_exact_borders(days: int, band: str) -> None:
    assert band == age_band(LAST - days * DAY, LAST)
    assert not age_band(None, LAST)


def crowd(n: int, prefix: str, pin_clicks: int) -> dict[str, Counts]:
    return {f"{prefix}{k}": counts(10_000 + k, pin_clicks, 20, 50) for k in range(n)}


def judged(known: dict[str, PinFacts]) -> set[str]:
    """Return the Pins that are scrolled past, among old and fresh ones."""
    pins = {**crowd(8, "old", 400), **crowd(6, "new", 100)}
    view = PinView(
        pins=pins, account=counts(200_000), limits=LIMITS, facts=known, on=LAST
    )
    return {
        one.pin_id or ""
        for one in judge_pins(view)
        if one.rule == "low_close_up" and one.state is RuleState.FIRED
    }


def test_r61_a_pin_of_five_days_is_not_compared_with_an_old_one() -> None:
    shown = {**crowd(8, "old", 400), **crowd(6, "new", 100)}
    days = {pin: 5 if pin.startswith("new") else 200 for pin in shown}
    known = {
        pin: PinFacts(pin_id=pin, created_on=LAST - n * DAY) for pin, n in days.items()
    }

    assert {"new5"} == judged({})  # against all others it looks scrolled past
    assert set() == judged(known)  # each is like the others of its age
    formats = {
        pin: PinFacts(pin_id=pin, pin_format="VIDEO" if n == 5 else "REGULAR")
        for pin, n in days.items()
    }
    assert set() == judged(formats)


def test_r61_kinds_of_fewer_than_four_are_not_judged() -> None:
    pins = {**crowd(8, "old", 400), **crowd(3, "new", 1)}
    known = {
        pin: PinFacts(pin_id=pin, created_on=LAST - (2 if pin[0] == "n" else 99) * DAY)
        for pin in pins
    }
    view = PinView(
        pins=pins, account=counts(200_000), limits=LIMITS, facts=known, on=LAST
    )
    seen = {one.pin_id for one in judge_pins(view)}

    assert {pin for pin in pins if pin[0] == "o"} == seen


def plan(**changes: object) -> Plan:
    told: dict[str, object] = {
        "name": "spring",
        "objective": Objective.VISITS,
        "variable": Variable.HEADLINE,
        "phase": Phase.CREATIVE,
        "variants": [
            Variant(name=f"v{n}", attributes={"headline": f"{n}"}, pin_ids=[f"{n}"])
            for n in (1, 2)
        ],
        "rho": 0.002,
    }
    return Plan(**{**told, **changes})  # type: ignore[arg-type]


def test_r64_pins_of_several_formats_are_no_experiment(kept: Store) -> None:
    mixed = {
        "1": PinFacts(pin_id="1", pin_format="REGULAR"),
        "2": PinFacts(pin_id="2", pin_format="IDEA"),
    }
    with pytest.raises(WrongPlan, match=r"several formats \(IDEA, REGULAR\)"):
        check(kept, plan(), mixed)

    check(kept, plan(), {})  # allowed on purpose
    check(kept, plan(), {"1": mixed["1"]})


def test_r64_each_format_has_its_share() -> None:
    pins = {"1": counts(600, 0, 3), "2": counts(200), "3": counts(200), "4": counts(9)}
    told = {"1": "VIDEO", "2": "ORGANIC_IMAGE", "3": "ORGANIC_IMAGE"}
    known = {pin: PinFacts(pin_id=pin, pin_format=name) for pin, name in told.items()}
    made = replace(facts(counts(1009), counts(1), pins), pin_facts=known)
    found = as_json(build_board(made, LIMITS))["formats"]

    assert {"ORGANIC_IMAGE": 0.4, "VIDEO": 0.6} == {
        name: one["share_of_impressions"] for name, one in found.items()
    }
    assert 3 == found["VIDEO"]["outbound_clicks"]


def test_r58_what_repeats_a_winner_is_recorded_beyond_its_verdict(kept: Store) -> None:
    until = date(2026, 11, 3)
    verdict = Verdict(
        state=State.CONCLUSIVE, day=7, winner=1, log_e=9, l=9, threshold=3
    )  # fmt: skip
    for phase in Phase:
        experiments.create(kept, plan(name=phase.value, phase=phase), NOW - 40 * DAY)
        experiments.decide(kept, phase.value, msgspec.json.encode(verdict), NOW)
    days = [
        KpiDay(on=until - n * DAY, counts=counts(900, 9, 3), pin_id=pin)
        for n in range(3)
        for pin in ("1", "2")
    ]
    kpi.keep(kept, days, NOW)

    assert {"scale": 6} == record_from_pins(kept, LIMITS, NOW)


def test_r63_a_stuffed_board_has_many_pins_shown_seldom() -> None:
    boards = [
        Board(board_id="1", name="Everything", n_pins=201),
        Board(board_id="2", name="Herbs", n_pins=10),
        Board(board_id="3", name="Shelves", n_pins=10),
        Board(board_id="4", name="Empty", n_pins=0),
    ]
    pins = {"a": counts(9_000, 0, 9), "b": counts(1_000, 0, 5), "c": counts(1_000)}
    known = {
        pin: PinFacts(pin_id=pin, board_id=board)
        for pin, board in (("a", "1"), ("b", "2"), ("c", "3"))
    }
    lines = {one.board.name: one for one in board_lines(boards, pins, known, LIMITS)}
    fewer = [replace(boards[0], n_pins=200), *boards[1:]]
    half = pins | {"a": counts(50 * 201)}  # the median is 100 a Pin

    assert {"Everything"} == {name for name, one in lines.items() if one.is_stuffed}
    assert Fraction(5, 1000) == lines["Herbs"].outbound_click_rate
    assert lines["Empty"].per_pin is None
    assert not any(one.is_stuffed for one in board_lines(fewer, pins, known, LIMITS))
    assert not any(one.is_stuffed for one in board_lines(boards, half, known, LIMITS))
    assert [] == board_lines([], pins, known, LIMITS)


def asked_for_boards(known: dict[str, PinFacts]) -> tuple[str, bool]:
    pins = {"1": counts(9_000, 90, 30, 40), "2": counts(9_000, 90, 20, 40)}
    told = replace(facts(counts(9_000), counts(9_000), pins), pin_facts=known)
    answer = checklist(build_board(told, LIMITS))[2]
    return answer.answer, answer.is_red


def test_r67_a_top_pin_on_one_board_is_a_red_point() -> None:
    page = "https://shop.example/x"
    one = PinFacts(pin_id="1", board_id="7", page=page)
    twin = PinFacts(pin_id="3", board_id="8", page=page)
    alone = PinFacts(pin_id="2", board_id="7")

    assert ("unknown", False) == asked_for_boards({})
    assert ("no", True) == asked_for_boards({"1": one, "2": alone, "3": twin})
    assert ("yes", False) == asked_for_boards({"1": one, "3": twin})


def test_r65_r66_each_answer_tells_what_it_stands_on() -> None:
    pins = {f"{n}": counts(9_000, 90, 30, 40) for n in range(12)}
    told = facts(counts(99_000, 0, 360), counts(9_000), pins)
    top10, unfollowed, *_ = checklist(build_board(told, LIMITS))
    other = build_board(told, replace(LIMITS, top10_percent=90))

    assert ("yes", True, "/console/kpi?month=2026-10#concentration") == (
        top10.answer, top10.is_red, top10.link,
    )  # fmt: skip
    told = "83.3% of the clicks, outbound clicks 360, as many as 12 equal Pins"
    assert told == top10.evidence
    assert ("no", "none of the 12 Pins judged") == (
        unfollowed.answer, unfollowed.evidence,
    )  # fmt: skip
    assert "more than 90 %" in checklist(other)[0].question


@pytest.mark.parametrize(
    ("tag", "server", "told"),
    [
        (None, None, "the tag's numbers are missing"),
        (92, 100, "the tag is enough for now"),
        (80, 100, "the tag is enough for now"),
        (79, 100, "turn on server events"),
        (75, 100, "turn on server events"),
        (74, 99, "too few orders to judge"),
    ],
)
def test_r44_a_small_gap_needs_no_server_events(
    tag: int | None, server: int | None, told: str
) -> None:
    outside = Outside(tag_events=tag, server_events=server)
    ways = advise(outside, LIMITS, has_links=tag is None)

    assert ["Tag", "Server events", "First-party link"] == [way.name for way in ways]
    assert told in ways[1].now
    assert ("in use" in ways[2].now) == (tag is None)


@pytest.mark.parametrize(
    ("n_orders", "share", "is_too_few"),
    [(400, 0.10, False), (150, 0.16, False), (97, 0.199, False), (50, 0.277, True),
     (0, 1.0, True)],
)  # fmt: skip
def test_r46_of_few_orders_chance_alone_takes_counts_apart(
    n_orders: int, share: float, *, is_too_few: bool
) -> None:
    found = tolerance(n_orders, LIMITS)
    routed = tolerance(400, replace(LIMITS, band_routing_percent=5))

    assert (pytest.approx(share, abs=0.0005), is_too_few) == (
        found.share, found.is_too_few,
    )  # fmt: skip
    assert pytest.approx(0.148) == routed.share
    few = Outside(tag_events=20, server_events=50)
    assert "give or take 27.7%, of too few orders" in (
        advise(few, LIMITS, has_links=False)[1].now
    )


def test_r62_no_count_of_conversions_stands_without_its_windows() -> None:
    told = Outside(tag_events=80, server_events=100, windows=Windows())
    board = build_board(replace(facts(counts(9), counts(9)), outside=told), LIMITS)
    [found] = [one for one in board.findings if one.rule == "tag_low_attribution"]
    tag = advise(told, LIMITS, has_links=False)[0]

    assert (30, 1) == (found.numbers["click_window"], found.numbers["view_window"])
    assert "80 conversions counted, within 30 days of a click and 1 of a view" == (
        tag.now
    )


@pytest.mark.parametrize(
    ("verdict", "state", "answer"),
    [
        ("red", RuleState.FIRED, "yes"),
        ("amber", RuleState.INSUFFICIENT_DATA, "unknown"),
    ],
)
def test_r68_a_red_audit_is_a_red_point(
    kept: Store, verdict: str, state: RuleState, answer: str
) -> None:
    links.add(kept, Link(slug="a", to="https://shop.example/"), NOW)
    audit = link_audits.ask(kept, "https://shop.example/", "a", "ada", NOW)
    link_audits.finish(kept, audit, {"verdict": verdict}, NOW)
    board = build_board(gather(kept, OCTOBER, LAST, LIMITS), LIMITS)
    [found] = [one for one in board.findings if one.rule == "clicks_missing_on_site"]
    asked = checklist(board)[3]

    assert state is found.state
    assert (answer, answer == "yes") == (asked.answer, asked.is_red)


def test_r9_the_kinds_of_app_have_their_shares() -> None:
    told = replace(
        facts(counts(1000), counts(1000)),
        devices={"MOBILE": counts(800), "WEB": counts(200)},
    )
    found = as_json(build_board(told, LIMITS))["devices"]

    assert {"MOBILE": 0.8, "WEB": 0.2} == {
        name: one["share_of_impressions"] for name, one in found.items()
    }


def test_r21_there_are_five_trends_the_most_clicked_first() -> None:
    clicked = {f"p{n}": {LAST: 9 - n, LAST - 2 * DAY: 1} for n in range(7)}
    told = replace(facts(counts(10), counts(10)), daily_clicks=clicked)
    found = as_json(build_board(told, LIMITS))["trends"]

    assert [f"p{n}" for n in range(5)] == [one["pin_id"] for one in found]
    assert [1, None, 9] == found[0]["outbound_clicks"][-3:]


def test_r39_the_latest_report_by_source_counts(kept: Store) -> None:
    def numbers(n: int, at: datetime) -> None:
        snapshots.save(
            kept,
            "main",
            [
                DayNumber(
                    windows=Windows(), on=on, kind=kind, n=n + more, source=source
                )
                for source, more in (
                    ("TAG", 0),
                    ("CONVERSIONS_API", 20),
                    (ALL_SOURCES, 50),
                )
                for kind in (Kind.CHECKOUT, Kind.PAGE_VISIT)
                for on in (date(2026, 10, 5), date(2026, 11, 5))
            ],
            "EUR",
            at,
        )

    numbers(70, NOW)
    numbers(80, NOW + DAY)

    found = kpi_outside.tag_and_server(kept, OCTOBER.first_on, LAST)

    assert (80, 100, Windows()) == found
    assert kpi_outside.tag_and_server(kept, date(2026, 9, 1), date(2026, 9, 30)) is None


def test_r23_one_rule_has_one_task_a_month(kept: Store) -> None:
    for pin, one in (("", counts(9_000, 90, 20, 5)), ("1", counts(9_000, 90, 20, 5))):
        days = [
            KpiDay(on=date(2026, 9, 1) + n * DAY, counts=one, pin_id=pin)
            for n in range(61)
        ]
        kpi.keep(kept, days, NOW)
    today = date(2026, 11, 2)
    n_new = open_tasks(kept, today, LIMITS)
    again = open_tasks(kept, today + DAY, LIMITS)
    [task] = [one for one in kpi_tasks.tasks(kept) if one.rule == "low_save_rate"]

    assert (n_new, 0) == (len(kpi_tasks.tasks(kept, "2026-10")), again)
    assert (today + 7 * DAY, today + 14 * DAY) == (task.earliest_on, task.due_on)
    with pytest.raises(ValueError, match="say what came of it"):
        close(kept, task, "  ", "ada", NOW, is_dismissed=True)
    assert close(kept, task, "a list on the image", "ada", NOW, is_dismissed=False)
    assert not close(kept, task, "again", "ada", NOW, is_dismissed=True)
    [ended] = [one for one in kpi_tasks.tasks(kept) if one.rule == "low_save_rate"]
    assert ("a list on the image", "ada", NOW) == (
        ended.note,
        ended.who,
        ended.closed_at,
    )
    assert 0 == open_tasks(kept, today, LIMITS)  # closed is not opened again


def test_r23_many_pins_of_one_rule_are_one_task() -> None:
    pins = {f"p{n}": counts(100_000, 5000, 1, 2000) for n in range(12)}
    board = build_board(facts(counts(10), counts(10), pins), LIMITS)
    rules = [task.rule for task in wanted(board, LAST)]

    assert len(set(rules)) == len(rules)
    assert "close_ups_without_clicks" in rules
    assert all(isinstance(task, Task) for task in wanted(board, LAST))


def test_the_board_goes_out_as_an_email_with_its_address() -> None:
    board = build_board(
        facts(counts(100_000, 0, 140, 500), counts(100_000, 0, 200, 500)), LIMITS
    )
    made = as_mail(board, "f@example.com", ["o@example.com"], "https://e.example", NOW)

    assert "[forwarder] What to change next: Creative friction" == made["Subject"]
    assert "<board-2026-47@forwarder>" == made["Message-ID"]
    assert "https://e.example/console/kpi?month=2026-10" in made.get_content()


def test_each_band_has_its_advice() -> None:
    for band in ("low", "workable", "uncommon"):
        assert band_advice("outbound_click_rate", band)
    for band in ("low", "steady", "rare"):
        assert band_advice("save_rate", band)

    assert not band_advice("save_rate", None)
    assert not band_advice("close_up_rate", "low")
    assert "bands" not in ORDER


def test_the_first_month_has_nothing_to_compare_with() -> None:
    board = build_board(facts(counts(100_000, 900, 200, 500)), LIMITS)
    states = {one.rule: one.state for one in board.findings}

    assert RuleState.INSUFFICIENT_DATA is states["creative_friction"]
    assert board.metrics["outbound_clicks"].delta is None
    assert month_of(date(2026, 3, 31)).before == month_of(date(2026, 2, 28))
