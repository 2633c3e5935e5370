"""The first page of the report as a letter: the text of an e-mail."""

import textwrap
from collections.abc import Iterator

from forwarder.reconcile import advice, judgement
from forwarder.reconcile.comparison import Comparison
from forwarder.reconcile.document import Document
from forwarder.reconcile.first_page import (
    RECORDED,
    TERMS,
    answers,
    nothing,
    subject,
    title,
)

WIDTH = 76


def as_letter(document: Document) -> str:
    """Return what the owner should know, as plain text."""
    c = advice.lead(document.report.comparisons)
    body = [nothing(document)] if c is None else list(_body(document, c))
    return "\n".join([title(document), "", *body]) + "\n"


def _body(document: Document, c: Comparison) -> Iterator[str]:
    yield from _wrapped(subject(document, c))
    yield ""
    yield from _wrapped(judgement.verdict_line(c))
    for question, sentences in answers(document, c):
        yield from ("", question.upper())
        for sentence in sentences:
            yield from _wrapped(sentence, "- ")
    yield ""
    yield from _wrapped(f"{RECORDED} {TERMS}")


def _wrapped(text: str, first: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_on_hyphens=False,
        break_long_words=False,
    )
