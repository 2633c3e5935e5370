"""The four questions to ask first; unknown where nobody counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from forwarder.insights.as_text import number_text
from forwarder.insights.board import Board
from forwarder.insights.boards import on_few_boards
from forwarder.insights.findings import Finding, RuleState

UNKNOWN: Final = {
    "top10_concentration": "too few clicks on too few Pins in 28 days: import or pull "
    "the days of more Pins (`forwarder import kpi --level pin`)",
    "close_ups_without_clicks": "no Pin was shown often enough in 28 days: import or "
    "pull the days of more Pins (`forwarder import kpi --level pin`)",
    "clicks_missing_on_site": "no link of a Pin is clicked or audited yet: make one "
    "(`forwarder links add`), try one (`forwarder audit`)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One question's answer: yes, no or unknown; red where something is to be done."""

    question: str
    answer: str
    evidence: str
    is_red: bool = False


def checklist(board: Board) -> list[Answer]:
    """Return the four answers for a board."""
    return [
        _of_rule(
            board,
            "top10_concentration",
            "Do ten Pins bring more than 70 % of the clicks?",
        ),
        _of_rule(
            board,
            "close_ups_without_clicks",
            "Are there Pins looked at closely that hardly anybody follows?",
        ),
        _of_boards(board),
        _of_rule(
            board,
            "clicks_missing_on_site",
            "Do clicks get lost between Pinterest and the site?",
        ),
    ]


def _of_boards(board: Board) -> Answer:
    """R67: unknown until boards were pulled, since no export names them."""
    question = "Do the top Pins stand on several well-themed boards?"
    top = [line.pin_id for line in board.pins]
    few = on_few_boards(top, board.facts.pin_facts, board.limits)
    if few is None:
        told = "no boards are known: pull them with `forwarder pull kpi`"
        return Answer(question=question, answer="unknown", evidence=told)
    if few:
        told = f"on fewer than {board.limits.board_min_per_pin}: {', '.join(few[:3])}"
        return Answer(question=question, answer="no", evidence=told, is_red=True)
    return Answer(question=question, answer="yes", evidence="each on several")


def _of_rule(board: Board, rule: str, question: str) -> Answer:
    found = [one for one in board.findings if one.rule == rule]
    fired = [one for one in found if one.state is RuleState.FIRED]
    if fired:
        return Answer(
            question=question, answer="yes", evidence=_evidence(fired), is_red=True
        )
    if all(one.state is RuleState.INSUFFICIENT_DATA for one in found):
        return Answer(question=question, answer="unknown", evidence=UNKNOWN[rule])
    return Answer(question=question, answer="no", evidence=_evidence(found[:1]))


def _evidence(findings: Sequence[Finding]) -> str:
    pins = [one.pin_id for one in findings if one.pin_id is not None]
    if pins:
        more = f" and {len(pins) - 3} more" if len(pins) > 3 else ""  # noqa: PLR2004
        return f"{len(pins)} of the Pins judged: {', '.join(pins[:3])}{more}"
    return number_text(findings[0])
