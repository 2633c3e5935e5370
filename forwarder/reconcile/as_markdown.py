"""The month report as Markdown: for a wiki, a ticket or a mail."""

import re
from collections.abc import Iterator, Sequence

from forwarder.reconcile import advice, judgement, words
from forwarder.reconcile.comparison import Comparison
from forwarder.reconcile.document import Document, movement
from forwarder.reconcile.tables import Line, lines

_TITLES = {
    "columns": "Both lists, side by side",
    "estimates": "Estimates with their bands",
    "alignment": "Our log in the report's terms",
    "causes": "From our log to the tag's number",
    "assumptions": "What the lists cannot show",
    "devices": "By device",
    "routes": "Conversions with a known click, by their way",
    "sensitivity": "The true total, by the dependence of the lists",
    "days": "Day by day",
    "history": "Earlier months",
}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|])")


def as_markdown(document: Document) -> str:
    """Return the report as Markdown, plain words first and tables below."""
    parts = [f"# Attribution gap, {document.report.month}", ""]
    by_comparison: dict[int, list[Line]] = {}
    for c, line in lines(document):
        by_comparison.setdefault(id(c), []).append(line)
    for c in document.report.in_order():
        parts += _section(document, c, by_comparison.get(id(c), []))
    if document.report.empty:
        parts += [_plain(words.nothing_of(document.report.empty))]
    if not document.report.comparisons:
        parts += [f"No conversion in {document.report.month} on either side (exact)."]
    return "\n".join(parts).rstrip() + "\n"


def _section(document: Document, c: Comparison, found: Sequence[Line]) -> Iterator[str]:
    yield from (f"## {_plain(words.headline(c))}", "")
    told = [words.how_many(c), words.how_far(c), words.in_money(c)]
    yield from (_plain(" ".join(filter(None, told))), "")
    yield from _labelled("Verdict", judgement.says(c))
    yield from _labelled("How sure", words.how_sure(c))
    for label, texts in (("Why", words.why(c)), ("Mind", c.doubts)):
        for text in texts:
            yield from _labelled(label, text)
    moved = movement(c, document.history(c))
    if moved is not None:
        yield from _labelled("Against other months", moved)
    for text in advice.actions(c):
        yield from _labelled("Next", text)
    if c.tipping is not None:
        yield from _labelled("Would change if", c.tipping.sentence)
    yield ""
    for name, title in _TITLES.items():
        yield from _table(title, [line for line in found if line.table == name])


def _labelled(label: str, text: str) -> list[str]:
    return [f"- **{label}:** {_plain(text)}"]


def _table(title: str, found: Sequence[Line]) -> Iterator[str]:
    if not found:
        return
    yield from (f"### {title}", "")
    yield "| | side | value | low | high | unit | certainty |"
    yield "|---|---|---:|---:|---:|---|---|"
    for line in found:
        cells = (line.row, line.side, line.value, line.low, line.high, line.unit,
                 line.certainty)  # fmt: skip
        yield "| " + " | ".join(_plain(_text(cell)) for cell in cells) + " |"
    yield ""


def _text(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)


def _plain(text: str) -> str:
    """Return text that stays text: nothing in it is taken for Markdown."""
    return _SPECIAL.sub(r"\\\1", text)
