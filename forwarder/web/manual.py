"""The pages of docs/sources, part by part, as the console shows them.

Reads the little Markdown that those pages are written in: paragraphs, lists, tables,
code, links. A test renders every page and looks for marks that were left over.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from textwrap import dedent
from typing import Final

from markupsafe import Markup, escape

TITLE: Final = ""
ANY: Final = "declared"  # its page is about whatever nobody has an adapter for
CHECKOUT: Final = Path(__file__).resolve().parents[2] / "docs"
_ITEM: Final = re.compile(r"(?:\d+\.|-) ")
_FENCE: Final = "```"
_INLINE: Final = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<strong>.+?)\*\*|\*(?P<em>[^*]+)\*"
    r"|\[(?P<label>[^\]]+)\]\((?P<target>[^)]+)\)"
)
# On a page of the console the address stands above the steps.
_PRINTED: Final = "address that `forwarder init` printed"


def part(source: str, heading: str) -> Markup:
    """Return what a source's page says under a heading; empty where it says nothing."""
    return _parts(source).get(heading, Markup(""))


def title(source: str) -> str:
    """Return what people call a source's platform, as its page does."""
    return str(_parts(source).get(TITLE, source))


@cache
def _parts(source: str) -> Mapping[str, Markup]:
    file = _folder() / "sources" / f"{source}.md"
    if not file.is_file():
        return {}
    head, *parts = re.split(r"^## ", file.read_text("utf-8"), flags=re.MULTILINE)
    split = (part.partition("\n") for part in parts)
    named = "your platform" if source == ANY else head.partition("\n")[0][2:]
    return {TITLE: escape(named)} | {word: rendered(text) for word, _, text in split}


def _folder() -> Traversable:
    """Return where the pages are: inside an installed package, or in the checkout."""
    packed = files("forwarder") / "manual"
    return packed if packed.is_dir() else CHECKOUT


def rendered(text: str) -> Markup:
    """Return Markdown as HTML; all of it that is no mark is escaped."""
    return Markup("\n").join(_blocks(text.splitlines()))


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of block: whether a line begins it, belongs to it, and what it becomes.

    `goes_on` is asked with the lines so far and the next one.
    """

    begins: Callable[[str], object]
    goes_on: Callable[[Sequence[str], str], object]
    write: Callable[[Sequence[str]], Markup]


def _blocks(lines: Sequence[str]) -> Iterator[Markup]:
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        kind = next(one for one in _KINDS if one.begins(lines[at]))
        end = at + 1
        while end < len(lines) and kind.goes_on(lines[at:end], lines[end]):
            end += 1
        yield kind.write(lines[at:end])
        at = end


def _code(lines: Sequence[str]) -> Markup:
    text = "\n".join(lines[1:]).removesuffix(f"\n{_FENCE}")
    return Markup('<pre tabindex="0"><code>{}</code></pre>').format(text)


def _is_open(lines: Sequence[str], _: str) -> bool:
    return len(lines) == 1 or not lines[-1].startswith(_FENCE)


def _table(lines: Sequence[str]) -> Markup:
    head, _, *body = [_cells(line) for line in lines]
    columns = Markup("").join(
        Markup('<th scope="col">{}</th>').format(cell) for cell in head
    )
    rows = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row)
        )
        for row in body
    )
    return Markup(
        '<div class="wide" tabindex="0" role="group" aria-label="Table">'
        '<table class="small"><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>"
    ).format(columns, rows)


def _cells(line: str) -> list[Markup]:
    return [inline(cell.strip()) for cell in line.strip().strip("|").split("|")]


def _list(lines: Sequence[str]) -> Markup:
    items: list[list[str]] = []
    for line in lines:
        if _ITEM.match(line):
            items.append([])
        items[-1].append(line)
    inner = Markup("").join(Markup("<li>{}</li>").format(_item(one)) for one in items)
    if lines[0][0].isdigit():
        return Markup("<ol>{}</ol>").format(inner)
    return Markup("<ul>{}</ul>").format(inner)


def _item(lines: Sequence[str]) -> Markup:
    mark = _ITEM.match(lines[0])
    width = 0 if mark is None else mark.end()
    rest = dedent("\n".join([" " * width + lines[0][width:], *lines[1:]]))
    return Markup(" ").join(_blocks(rest.splitlines()))


def _is_item(lines: Sequence[str], line: str) -> bool:
    if _ITEM.match(line):
        return line[0].isdigit() == lines[0][0].isdigit()
    return not line.strip() or line.startswith(" ")


def _paragraph(lines: Sequence[str]) -> Markup:
    text = " ".join(line.strip() for line in lines)
    return Markup("<p>{}</p>").format(inline(text.replace(_PRINTED, "address above")))


def _is_text(_: Sequence[str], line: str) -> bool:
    return bool(line.strip()) and not any(one.begins(line) for one in _KINDS[:-1])


_KINDS: Final = (
    _Kind(lambda line: line.startswith(_FENCE), _is_open, _code),
    _Kind(lambda line: line.startswith("|"), lambda _, line: line[:1] == "|", _table),
    _Kind(_ITEM.match, _is_item, _list),
    _Kind(lambda _: True, _is_text, _paragraph),
)


def inline(text: str) -> Markup:
    """Return one line of Markdown as HTML."""
    found: list[Markup] = []
    at = 0
    for match in _INLINE.finditer(text):
        found += [escape(text[at : match.start()]), _marked(match)]
        at = match.end()
    return Markup("").join([*found, escape(text[at:])])


def _marked(match: re.Match[str]) -> Markup:
    """Return what stands between marks; links lead to other hosts only."""
    told = match.groupdict()
    if told["code"] is not None:
        return Markup("<code>{}</code>").format(told["code"])
    if told["strong"] is not None:
        return Markup("<strong>{}</strong>").format(inline(told["strong"]))
    if told["em"] is not None:
        return Markup("<em>{}</em>").format(inline(told["em"]))
    if not told["target"].startswith("https://"):
        return inline(told["label"])
    return Markup('<a href="{}" rel="noreferrer">{}</a>').format(
        told["target"], inline(told["label"])
    )
