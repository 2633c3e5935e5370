import subprocess
from typing import Any

import pytest

from tests import audit_dependencies
from tests.audit_dependencies import ask, judge

FINE = {"name": "flask", "version": "3.1.2", "vulns": []}
UNKNOWN = {"name": "amqp", "skip_reason": "not found"}
BAD = {
    "name": "click",
    "version": "8.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["8.2"]}],
}


def test_a_known_vulnerability_fails_the_gate_with_its_mend() -> None:
    verdict = judge({"dependencies": [FINE, BAD]})

    assert verdict.is_bad
    assert "click 8.0: PYSEC-1 (mended in 8.2)" in verdict.sentences


def test_what_the_service_does_not_know_is_said_and_not_called_safe() -> None:
    some, none = (
        judge({"dependencies": [FINE, UNKNOWN]}),
        judge({"dependencies": [UNKNOWN]}),
    )

    assert "1 of 2 locked packages were looked up." in some.sentences
    assert "No vulnerability of those is known." in some.sentences
    assert not none.is_bad
    assert "0 of 1 locked packages were looked up." in none.sentences
    assert "nothing is proven" in " ".join(none.sentences)
    assert "No vulnerability" not in " ".join(none.sentences)


@pytest.mark.parametrize("answer", ["", "<html>", "Traceback"])
def test_without_an_answer_it_says_so_and_passes(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:  # noqa: ANN401
        return subprocess.CompletedProcess(command, 1, answer, "cannot connect")

    monkeypatch.setattr(audit_dependencies.subprocess, "run", run)
    verdict = ask()

    assert not verdict.is_bad
    assert "cannot connect" in verdict.sentences[0]
    assert "nothing is proven" in verdict.sentences[0]


def test_a_service_that_hangs_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(command: list[str], **_: Any) -> None:  # noqa: ANN401
        raise subprocess.TimeoutExpired(command, 1)

    monkeypatch.setattr(audit_dependencies.subprocess, "run", run)

    assert "no answer in" in ask().sentences[0]
