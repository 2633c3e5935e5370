"""The four questions to ask first; unknown where nobody counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from forwarder.insights.board import Board
from forwarder.insights.boards import on_few_boards
from forwarder.insights.finding_words import number_text
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
    """One question's answer: yes, no or unknown; red where something is to be done.

    `link` leads to what it stands on in the console.
    """

    question: str
    answer: str
    evidence: str
    link: str
    is_red: bool = False


_Found = tuple[str, str, bool]  # the answer, its evidence, and whether it is red


def checklist(board: Board) -> list[Answer]:
    """Return the four answers for a board."""
    many = board.limits.top10_percent
    page = f"/console/kpi?month={board.facts.month.text}"
    asked = (
        (
            f"Do ten Pins bring more than {many} % of the clicks?",
            f"{page}#concentration",
            _of_rule(board, "top10_concentration"),
        ),
        (
            "Are there Pins looked at closely that hardly anybody follows?",
            f"{page}#rules",
            _of_rule(board, "close_ups_without_clicks"),
        ),
        (
            "Do the top Pins stand on several well-themed boards?",
            f"{page}#pins",
            _of_boards(board),
        ),
        (
            "Do clicks get lost between Pinterest and the site?",
            "/console/link-audits",
            _of_rule(board, "clicks_missing_on_site"),
        ),
    )
    return [
        Answer(question=question, answer=word, evidence=told, link=link, is_red=is_red)
        for question, link, (word, told, is_red) in asked
    ]


def _of_boards(board: Board) -> _Found:
    """R67: unknown until boards were pulled, since no export names them."""
    top = [line.pin_id for line in board.pins]
    few = on_few_boards(top, board.facts.pin_facts, board.limits)
    if few is None:
        told = "no boards are known: pull them with `forwarder pull kpi`"
        return "unknown", told, False
    if few:
        told = f"on fewer than {board.limits.board_min_per_pin}: {', '.join(few[:3])}"
        return "no", told, True
    return "yes", "each on several", False


def _of_rule(board: Board, rule: str) -> _Found:
    found = [one for one in board.findings if one.rule == rule]
    fired = [one for one in found if one.state is RuleState.FIRED]
    if fired:
        return "yes", _evidence(fired), True
    if all(one.state is RuleState.INSUFFICIENT_DATA for one in found):
        return "unknown", UNKNOWN[rule], False
    return "no", _nothing(found[0]), False


def _nothing(finding: Finding) -> str:
    """Return what a rule that did not fire looked at."""
    if finding.is_pin_rule:
        return f"none of the {finding.n_judged} Pins judged"
    return number_text(finding)


def _evidence(findings: Sequence[Finding]) -> str:
    pins = [one.pin_id for one in findings if one.pin_id is not None]
    if pins:
        more = f" and {len(pins) - 3} more" if len(pins) > 3 else ""  # noqa: PLR2004
        return f"{len(pins)} of the Pins judged: {', '.join(pins[:3])}{more}"
    return number_text(findings[0])
