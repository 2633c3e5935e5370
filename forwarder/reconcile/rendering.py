"""Every form in which a report is given out."""

from collections.abc import Callable
from typing import Final

import orjson

from forwarder.reconcile.as_csv import as_csv
from forwarder.reconcile.as_html import as_html
from forwarder.reconcile.as_json import as_json
from forwarder.reconcile.as_letter import as_letter
from forwarder.reconcile.as_markdown import as_markdown
from forwarder.reconcile.as_text import as_text
from forwarder.reconcile.document import Document


def _json(document: Document) -> str:
    return orjson.dumps(as_json(document), option=orjson.OPT_INDENT_2).decode()


def _text(document: Document) -> str:
    return as_text(document.report)


_FORMS: Final[dict[str, Callable[[Document], str]]] = {
    "text": _text,
    "html": as_html,
    "json": _json,
    "csv": as_csv,
    "md": as_markdown,
    "letter": as_letter,
}


def rendered(document: Document, form: str) -> str:
    """Return the report in one form: text, html, json, csv, md or letter."""
    return _FORMS[form](document)
