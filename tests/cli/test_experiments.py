from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from forwarder.insights import trial
from tests.cli.conftest import Shell

CREATE = (
    "experiments", "create", "spring", "--objective", "visits",
    "--variable", "headline", "--variant", "plain=Ten ideas",
    "--variant", "how=How to plan ten", "--rate", "0.002",
)  # fmt: skip


def days_ago(n: int) -> date:
    return datetime.now(UTC).date() - timedelta(days=n)  # noqa: TID251


def write_days(folder: Path, n_days: int, how: int = 12) -> str:
    lines = ["date,variant,impressions,successes"]
    for n in range(n_days):
        lines += [
            f"{days_ago(30 - n)},plain,3000,6",
            f"{days_ago(30 - n)},how,3000,{how}",
        ]
    file = folder / "days.csv"
    file.write_text("\n".join(lines))
    return str(file)


def test_an_experiment_is_planned_recorded_and_decided(shell: Shell) -> None:
    made = shell.json(*CREATE, "--daily", "3000", "--note", "batch 7, trend: herbs")
    first = shell.json(
        "experiments", "record", "spring", "--on", f"{days_ago(31)}",
        "--variant", "how", "--impressions", "10", "--successes", "0",
    )  # fmt: skip
    days = write_days(shell.folder, 7)
    recorded = shell.json("experiments", "record", "spring", "--file", days)
    again = shell.json("experiments", "record", "spring", "--file", days)

    assert ("collecting", 0, None) == (made["state"], made["day"], made["winner"])
    assert "batch 7, trend: herbs" == made["note"]
    assert "at least 14 days" in made["hint"]
    assert (1, 0) == (first["recorded"], first["day"])
    assert (14, 0) == (recorded["recorded"], again["recorded"])
    shown = shell.json("experiments", "show", "spring")
    assert ("conclusive", 7, "how") == (shown["state"], shown["day"], shown["winner"])
    assert 6.117014 == pytest.approx(shown["l"], abs=1e-6)
    assert [shown] == shell.json("experiments", "list")["items"]
    text = shell.run("experiments", "show", "spring").stdout
    assert "winner: how" in text
    assert "evidence 6.12 of 3.00 needed" in text
    assert "spring: conclusive on day 7, winner how" in shell.run(
        "experiments", "list"
    ).stdout  # fmt: skip


def test_the_next_phase_needs_a_winner_of_the_one_before(shell: Shell) -> None:
    shell.json(*CREATE)
    further = ("experiments", "create", "page", *CREATE[3:], "--phase", "destination")
    too_early = shell.run(*further, "--after", "spring")
    shell.json(
        "experiments", "record", "spring", "--file", write_days(shell.folder, 7)
    )  # fmt: skip
    in_time = shell.run(*further, "--after", "spring")
    scale = ("experiments", "create", "big", *CREATE[3:], "--phase", "scale")
    skipped = shell.run(*scale, "--after", "spring")

    assert (2, "") == (too_early.exit_code, too_early.stdout)
    assert "builds on a winner of phase creative" in too_early.stderr
    assert 2 == skipped.exit_code
    assert "builds on a winner of phase destination" in skipped.stderr
    assert 0 == in_time.exit_code
    assert "planned for 14 to 21 days" in in_time.stdout
    assert "phase destination: call to action or landing headline" in in_time.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--variant", "plain=Other"), "two variants have the same name"),
        (("--variant", "third=Ten ideas"), "two variants have the same headline"),
        (("--variant", "third"), "write it as NAME=VALUE"),
        (("--pin", "nobody=123"), "nobody is no variant"),
        (("--slots", "how=soon"), "soon is no date"),
    ],
)
def test_a_plan_that_tells_nothing_is_refused(
    shell: Shell, words: tuple[str, ...], told: str
) -> None:
    result = shell.run(*CREATE, *words)

    assert 2 == result.exit_code
    assert told in result.stderr


def test_r50_what_else_an_arm_is_made_of_must_be_alike(shell: Shell) -> None:
    image = ("--attribute", "plain:image=mood", "--attribute", "how:image=")
    two = shell.run(*CREATE, *image[:3], "how:image=value")
    unknown = shell.run(*CREATE, "--attribute", "plain:colour=red")
    nobody = shell.run(*CREATE, "--attribute", "other:image=mood")
    alike = shell.json(*CREATE, *image[:3], "how:image=mood")

    assert [2, 2, 2] == [two.exit_code, unknown.exit_code, nobody.exit_code]
    assert "the variants differ in headline and image" in two.stderr
    assert "write it as NAME:VARIABLE=VALUE" in unknown.stderr
    assert "other is no variant" in nobody.stderr
    assert {"headline": "Ten ideas", "image": "mood"} == (
        alike["variants"][0]["attributes"]
    )


def test_one_variant_and_one_name_twice_are_refused(shell: Shell) -> None:
    alone = shell.run(*CREATE[:9], *CREATE[11:])
    shell.json(*CREATE)
    twice = shell.run(*CREATE)

    assert (2, 2) == (alone.exit_code, twice.exit_code)
    assert "at least two variants" in alone.stderr
    assert "choose a new name" in twice.stderr


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("date,variant\n", "the first line must name"),
        ("", "the first line must name"),
        ("\n2026-11-01,nobody,1,1", "the variant is one of plain, how"),
        ("\nsoon,plain,1,1", "soon is no date"),
        ("\n2026-11-01,plain,-1,1", "impressions must be a whole number"),
        ("\n2026-11-01,plain,1,1e400", "successes must be a whole number"),
        ("\n2026-11-01,plain,1", "successes must be a whole number"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(
    shell: Shell, lines: str, told: str
) -> None:
    shell.json(*CREATE)
    head = "date,variant,impressions,successes" if lines.startswith("\n") else ""
    file = shell.folder / "wrong.csv"
    file.write_text(head + lines)
    result = shell.run("experiments", "record", "spring", "--file", str(file))

    assert 2 == result.exit_code
    assert told in result.stderr
    assert 0 == shell.json("experiments", "show", "spring")["day"]


@pytest.mark.parametrize(
    ("age_days", "successes", "told"),
    [
        (5, "5000", "has more successes than impressions"),
        (1, "5", "is not settled"),
        (-30, "5", "is not settled"),
    ],
)
def test_a_day_that_would_spoil_the_verdict_is_refused(
    shell: Shell, age_days: int, successes: str, told: str
) -> None:
    shell.json(*CREATE)
    counts = ("--variant", "plain", "--impressions", "1000", "--successes", successes)
    on = f"{days_ago(age_days)}"
    result = shell.run("experiments", "record", "spring", "--on", on, *counts)

    assert (2, "") == (result.exit_code, result.stdout)
    assert told in result.stderr
    assert 0 == shell.json("experiments", "show", "spring")["variants"][0]["successes"]


def test_a_recorded_day_says_how_it_stands_and_leaves_the_theory_to_show(
    shell: Shell,
) -> None:
    shell.json(*CREATE)
    told = shell.run(
        "experiments", "record", "spring", "--on", f"{days_ago(5)}",
        "--variant", "plain", "--impressions", "1000", "--successes", "2",
    ).stdout  # fmt: skip

    assert told.startswith("1 new of 1 day recorded\nspring: collecting on day 0")
    assert trial.LIMITS not in told
    assert trial.LIMITS in shell.run("experiments", "show", "spring").stdout


def test_what_is_not_there_is_said(shell: Shell) -> None:
    missing = shell.run("experiments", "show", "nothing")

    assert (2, True) == (missing.exit_code, "experiments list" in missing.stderr)
    assert "experiments create" in shell.run("experiments", "list").stdout


def test_two_directions_have_a_meaning(shell: Shell) -> None:
    told = shell.run("experiments", "meaning", "--clicks", "up", "--saves", "flat")

    assert "check that the Pin promises" in told.stdout


def simulate(shell: Shell, data: Any) -> Any:  # noqa: ANN401
    file = shell.folder / "trial.json"
    file.write_bytes(data if isinstance(data, bytes) else orjson.dumps(data))
    return shell.run("experiments", "simulate", str(file))


def test_a_file_is_judged_without_settings(shell: Shell) -> None:
    (shell.folder / "forwarder.toml").unlink()
    arms = [[[3000, 6]] * 21, [[3000, 12]] * 21]
    found = orjson.loads(
        simulate(
            shell, {"arms": arms, "alpha": 0.05, "rho": 0.002, "k": 500}
        ).stdout
    )  # fmt: skip

    assert ("conclusive", 7, 1) == (found["state"], found["day"], found["winner"])
    assert 6.117014 == pytest.approx(found["l"], abs=1e-6)


def test_days_that_are_missing_are_left_out(shell: Shell) -> None:
    arms = [[None, *[[3000, 6]] * 7], [[3000, 99], *[[3000.0, 12]] * 7, [None, 3]]]
    found = orjson.loads(simulate(shell, {"arms": arms, "rho": 0.002}).stdout)

    assert 6.117014 == pytest.approx(found["l"], abs=1e-6)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"{", "the file is not JSON"),
        ([], "one JSON object"),
        ({"rho": 0.1}, "at least two lists"),
        ({"rho": 0.1, "arms": [[]]}, "at least two lists"),
        ({"rho": 0.1, "arms": ["ab", []]}, "arm 0 must be a list"),
        ({"rho": 0.1, "arms": [[[1, 2, 3]], []]}, "arm 0, day 1"),
        ({"rho": 0.1, "arms": [[], [["1", 0]]]}, "arm 1, day 1"),
        ({"arms": [[], []]}, "rho must be a number"),
        ({"rho": True, "arms": [[], []]}, "rho must be a number"),
        ({"rho": 0.1, "alpha": 0, "arms": [[], []]}, "alpha must be a number above 0"),
        ({"rho": 0.1, "k": -5, "arms": [[], []]}, "k must be a number above 0"),
    ],
)
def test_a_file_that_is_no_trial_is_refused_in_words(
    shell: Shell,
    data: Any,  # noqa: ANN401
    told: str,
) -> None:
    result = simulate(shell, data)

    assert (2, "") == (result.exit_code, result.stdout)
    assert told in result.stderr
