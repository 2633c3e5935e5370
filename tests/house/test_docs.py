"""What the documents name exists, and what exists is documented."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from forwarder.cli import main as command_line
from forwarder.core.delivery import NoticeStatus, Status
from forwarder.destinations import DESTINATIONS
from forwarder.sources import SOURCES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
SOURCE_HEADINGS = (
    "What it sends",
    "Connect it",
    "Signature",
    "Retries and disabling",
    "What it cannot tell us",
    "Carrying ids",
)
FENCED = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


def text_of(*names: str) -> str:
    return "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names)


def code_lines(page: Path) -> Iterator[str]:
    text = page.read_text(encoding="utf-8")
    for block in FENCED.findall(text):
        yield from block.splitlines()
    yield from INLINE.findall(FENCED.sub("", text))


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words after `forwarder` wherever a page shows a call of it."""
    for line in code_lines(page):
        call = re.match(
            r"(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\S*/)?forwarder ([a-z][^|&>#]*)", line
        )
        if call is not None:
            yield call[1].split()


def fault_of(words: list[str]) -> str | None:
    """Return what is wrong with a call: an unknown command or option."""
    command: click.Command = command_line
    context = click.Context(command_line)
    rest = iter(words)
    for word in rest:
        if word.startswith("-"):
            option = option_of(command, word.partition("=")[0])
            if option is None:
                return f"{command.name} has no {word}"
            if not option.is_flag and "=" not in word:
                next(rest, None)  # its value
        elif isinstance(command, click.Group):
            if not re.fullmatch(r"[a-z-]+", word):
                return None
            found = command.get_command(context, word)
            if found is None:
                return f"{command.name} has no command {word}"
            command = found
    return None


def option_of(command: click.Command, name: str) -> click.Option | None:
    for one in command.get_params(click.Context(command)):
        if isinstance(one, click.Option) and name in (*one.opts, *one.secondary_opts):
            return one
    return None


def leaves(command: click.Command, path: str = "") -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield path.strip()
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        if inner is not None and not inner.hidden:
            yield from leaves(inner, f"{path} {name}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_shows_exists(page: Path) -> None:
    found = [fault_of(words) for words in commands(page)]

    assert [] == [one for one in found if one is not None]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_that_a_page_shows_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    shown = {
        found[1]
        for line in code_lines(page)
        if (found := re.match(r"make ([a-z]+)", line))
    }

    assert set() == shown - targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    links = LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8")))

    assert [] == [link for link in links if not (page.parent / link).exists()]


def test_every_command_is_documented() -> None:
    documents = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)

    assert [] == [
        name for name in leaves(command_line) if f"forwarder {name}" not in documents
    ]


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_every_source_has_its_page(source: str) -> None:
    page = text_of(f"docs/sources/{source}.md")

    assert [] == [one for one in SOURCE_HEADINGS if f"## {one}" not in page]


@pytest.mark.parametrize("destination", sorted(DESTINATIONS))
def test_every_destination_has_its_page(destination: str) -> None:
    assert "# " in text_of(f"docs/destinations/{destination}.md")


@pytest.mark.parametrize("word", [*Status, *NoticeStatus])
def test_every_word_an_operator_reads_is_explained(word: str) -> None:
    assert f"\n| `{word}` | " in text_of("docs/troubleshooting.md")


def test_decisions_are_numbered_and_have_the_four_headings() -> None:
    pages = sorted((ROOT / "docs/adr").glob("*.md"))
    headings = ("## Status", "## Context", "## Decision", "## Consequences")
    incomplete = [
        page.name
        for page in pages
        if not all(one in page.read_text(encoding="utf-8") for one in headings)
    ]

    assert [f"{number:04}" for number in range(1, len(pages) + 1)] == [
        page.name[:4] for page in pages
    ]
    assert [] == incomplete


def test_the_licence_is_the_one_that_the_package_names() -> None:
    assert "Apache License" in text_of("LICENSE")
