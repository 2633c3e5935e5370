"""The month report as one table for spreadsheets: every number on a line of its own."""

import csv
import io

from forwarder.core.cells import no_formula
from forwarder.reconcile.document import Document
from forwarder.reconcile.tables import HEAD, cells, lines


def as_csv(document: Document) -> str:
    """Return the report as CSV; no cell is taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    for c, line in lines(document):
        writer.writerow([_cell(value) for value in cells(c, line)])
    return text.getvalue()


def _cell(value: object) -> object:
    """Return numbers as they are, and text so that no spreadsheet runs it."""
    if value is None:
        return ""
    return no_formula(value) if isinstance(value, str) else value
