"""The bytes of an exported file as rows of cells."""

import csv
import io
import re
from collections.abc import Sequence

_QUOTED = re.compile(r'"[^"]*"')  # a heading may hold a comma


def decoded(data: bytes) -> str:
    """Return the text of a file: by its byte order mark, else UTF-8, else Latin-1."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    if b"\x00" in data[:200]:
        wide = "utf-16-le" if data[1:2] == b"\x00" else "utf-16-be"
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
