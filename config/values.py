"""The small values settings are made of, and what a field tells about itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, field
from typing import Any, Final, Literal, get_args

TOLD: Final = "told"


class Secret(str):
    """A text that never shows itself: `repr` is masked, `str` is the value."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Show whether there is one, not which."""
        return "Secret('***')" if self else "Secret('')"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the settings file, or the whole of a TOML file that is named."""

    content: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was found: in no place but the code, the file, or a variable.

    `reference` is what a secret was written as, such as env:NAME; empty where it stands
    in clear, and for what is no secret.
    """

    place: Literal["default", "file", "variable"]
    variable: str = ""
    reference: str = ""


class Unfit(Exception):
    """A value that does not fit its key; the text continues the sentence "<key> …"."""


class UnusableSettings(Exception):
    """Settings that cannot be used: mend every line of the list, then start again.

    Raised by `load` only. `faults` holds one sentence per fault; each names the key
    and how to write it, and none holds a secret.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        """Keep all faults, so that one start is enough to mend them all."""
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one setting says about itself: help, unit, limits, an example.

    `check` returns the value as it is kept, or raises Unfit with the rest of the
    sentence "<key> …"; `mend` is the sentence that follows it. `env` replaces the
    derived name of the variable.
    """

    help: str
    unit: str = ""
    example: str = ""
    least: int | None = None
    most: int | None = None
    env: str = ""
    mend: str = ""
    check: Callable[[Any], Any] | None = None


def told(  # noqa: PLR0913 - one keyword per column of docs/settings.md
    text: str,
    *,
    unit: str = "",
    example: str = "",
    least: int | None = None,
    most: int | None = None,
    env: str = "",
    mend: str = "",
    check: Callable[[Any], Any] | None = None,
) -> Mapping[str, Told]:
    """Return the metadata of one settings field."""
    return {
        TOLD: Told(
            help=text,
            unit=unit,
            example=example,
            least=least,
            most=most,
            env=env,
            mend=mend,
            check=check,
        )
    }


def told_of(setting: "Field[Any]") -> Told:
    """Return what a field was told. Raises: KeyError for a field without help."""
    found: Told = setting.metadata[TOLD]
    return found


def holds_secret(hint: object) -> bool:
    """Tell whether a setting of this type is a secret, or a list of them."""
    return Secret in (hint, *get_args(hint)[:1])


def references(hint: object, raw: object) -> str:
    """Return what secrets were written as, such as env:NAME; none of them in clear."""
    if not holds_secret(hint):
        return ""
    written = raw if isinstance(raw, list | tuple) else (raw,)
    texts = [str(one) for one in written]
    return ", ".join(one for one in texts if one.startswith(("env:", "file:")))
