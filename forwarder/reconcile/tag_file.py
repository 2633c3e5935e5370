"""The bytes of an exported file as rows of cells."""

import csv
import io
import re
from collections.abc import Sequence

_EXCEL = b"PK\x03\x04"  # how every .xlsx begins
_QUOTED = re.compile(r'"[^"]*"')  # a heading may hold a comma


class NoText(ValueError):
    """A file holds what no text holds; the words say what to do."""


def decoded(data: bytes) -> str:
    """Return the text of a file: by its byte order mark, else UTF-8, else Latin-1.

    Raises: NoText.
    """
    if data.startswith(_EXCEL):
        raise NoText("This is an Excel file: export it as CSV.")
    text = _text(data)
    if "\0" in text:
        raise NoText("It holds zero bytes, as no text does: export it as CSV.")
    return text


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    if b"\0" in data[:2]:  # the first letter of a heading is no wide one
        wide = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
        return data.decode(wide, errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def table_of(data: bytes) -> list[list[str]]:
    """Return the cells, without empty lines."""
    lines = [line for line in decoded(data).splitlines() if line.strip()]
    if not lines:
        return []
    reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter_of(lines))
    return [[cell.strip() for cell in row] for row in reader]


def delimiter_of(lines: Sequence[str]) -> str:
    """Return what separates cells: the mark that stands most often in one line."""
    first = [_QUOTED.sub("", line) for line in lines[:5]]
    return max(";\t,", key=lambda mark: max(line.count(mark) for line in first))
