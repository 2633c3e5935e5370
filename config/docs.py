"""Write config/example.toml and docs/settings.md from the settings themselves.

Run as `python -m config.docs`; tests compare the two files with what it writes.
"""

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from textwrap import wrap
from typing import Any, Final, Literal, cast, get_args, get_origin, get_type_hints

from config.alerts import Alerts
from config.clicks import Clicks
from config.collect import Collect
from config.kpi import Kpi
from config.places import DestinationSettings, EndpointSettings
from config.reading import example, toml, variable
from config.reports import Reports
from config.service import Service
from config.values import Told, told_of

WIDTH: Final = 78
ROOT: Final = Path(__file__).resolve().parent.parent
GROUPS: Final = (
    ("service", "service", Service),
    ("alerts", "alerts", Alerts),
    ("reports", "reports", Reports),
    ("collect", "collect", Collect),
    ("clicks", "clicks", Clicks),
    ("kpi", "kpi", Kpi),
    ("destinations.main", "destinations.<name>", DestinationSettings),
    ("endpoints.my-shop", "endpoints.<name>", EndpointSettings),
)
_TOML_HEAD: Final = """\
# Settings of the forwarder. Made by `python -m config.docs`; do not edit this copy:
# `forwarder init` writes your own. A line that starts with # shows the default.
# Secrets are never written here: "env:NAME" reads a variable (or the file that
# NAME_FILE names), "file:PATH" reads a file. A `.env` beside this file is read too.
"""
_DOCS_HEAD: Final = """\
# Settings

One TOML file: `forwarder.toml` in the current folder, or what `$FORWARDER_CONFIG`
names. The environment wins over the file. A `.env` beside the file is read as well,
and the real environment wins over it. All faults are listed at once when a command
starts, each with its key and an example.

Secrets do not belong into the file: `"env:NAME"` takes the variable `NAME`, or the
content of the file that `NAME_FILE` names; `"file:PATH"` takes the content of a file.
A secret written in clear works, and `forwarder doctor` objects to it.

An example with every key stands in `config/example.toml`. This page is made by
`python -m config.docs`.
"""


def example_toml() -> str:
    """Return the example file: every key, with its help, unit and default."""
    parts = [_TOML_HEAD]
    for table, _, shape in GROUPS:
        parts.append(f"\n[{table}]\n# {_first_line(shape)}\n")
        parts += [_toml_entry(setting) for setting in _settings(shape)]
    return "".join(parts)


def settings_md() -> str:
    """Return docs/settings.md: one paragraph per key."""
    parts = [_DOCS_HEAD]
    for _, title, shape in GROUPS:
        parts.append(f"\n## `[{title}]`\n\n{_first_line(shape)}\n")
        hints = get_type_hints(shape)
        parts += [
            _paragraph(setting, hints[setting.name], title)
            for setting in _settings(shape)
        ]
    return "".join(parts)


def main() -> None:
    """Write both files."""
    (ROOT / "config" / "example.toml").write_text(example_toml(), encoding="utf-8")
    (ROOT / "docs" / "settings.md").write_text(settings_md(), encoding="utf-8")


def _settings(shape: type[object]) -> tuple["Field[Any]", ...]:
    return fields(cast("Any", shape))


def _first_line(shape: type[object]) -> str:
    return str(shape.__doc__).partition("\n")[0]


def _toml_entry(setting: "Field[Any]") -> str:
    """Return help and value; a key that has a default stands as a comment."""
    told = told_of(setting)
    lines = [f"# {line}" for line in wrap(_help(told), WIDTH)]
    if setting.default is MISSING:
        lines.append(example(setting, told))
    else:
        lines.append(f"#{setting.name} = {toml(setting.default)}")
    return "\n" + "\n".join(lines) + "\n"


def _help(told: Told) -> str:
    return f"{told.help} Unit: {told.unit}." if told.unit else told.help


def _paragraph(setting: "Field[Any]", hint: object, title: str) -> str:
    told = told_of(setting)
    facts = "; ".join(_facts(setting, hint, told, title))
    return f"\n### `{setting.name}`\n\n{told.help}\n{facts}.\n"


def _facts(
    setting: "Field[Any]", hint: object, told: Told, title: str
) -> Iterator[str]:
    if setting.default is MISSING:
        yield "Required"
    else:
        yield f"Default `{toml(setting.default)}`"
    if get_origin(hint) is Literal:
        yield f"one of {', '.join(f'`{word}`' for word in get_args(hint))}"
    if told.unit:
        yield f"unit: {told.unit}"
    if told.least is not None:
        yield f"{told.least} to {told.most}"
    if told.example:
        yield f"example `{example(setting, told)}`"
    if title == "service":
        yield f"environment: `{variable(setting)}`"


if __name__ == "__main__":
    main()
