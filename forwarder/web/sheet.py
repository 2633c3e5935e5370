"""The settings as the console shows them; the door fills this in.

What is here holds no secret: of one it is told only whether it is set.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


class Setting(Protocol):
    """One setting: what is in force, what would be without it, and where it stands."""

    @property
    def table(self) -> str:
        """The table of the settings file, such as `endpoints.my-shop`."""

    @property
    def key(self) -> str:
        """The key in that table."""

    @property
    def value(self) -> str:
        """What is in force, as TOML writes it; of a secret whether it is set."""

    @property
    def default(self) -> str:
        """What would be in force without it; empty where it is required."""

    @property
    def is_default(self) -> bool:
        """Whether nobody set it."""

    @property
    def is_secret(self) -> bool:
        """Whether its value is shown nowhere."""

    @property
    def origin(self) -> str:
        """Where the value was found, in a few words."""

    @property
    def variable(self) -> str:
        """The environment variable that wins over the file; empty if none does."""

    @property
    def unit(self) -> str:
        """Its unit; empty if it has none."""

    @property
    def limits(self) -> str:
        """What it may be, in a few words; empty if anything."""

    @property
    def help(self) -> str:
        """What it is for, in a sentence."""


class Change(Protocol):
    """What a restart would change in one setting."""

    @property
    def table(self) -> str:
        """The table of the settings file."""

    @property
    def key(self) -> str:
        """The key in that table."""

    @property
    def now(self) -> str:
        """What is in force; empty where there is nothing."""

    @property
    def then(self) -> str:
        """What would be; empty where there would be nothing."""


class Ahead(Protocol):
    """What a restart would bring."""

    @property
    def changes(self) -> Sequence[Change]:
        """What would be different."""

    @property
    def faults(self) -> Sequence[str]:
        """What would stop it, in sentences without secrets."""


@dataclass(frozen=True, slots=True)
class _Nothing:
    """No change, no fault."""

    changes: Sequence[Change] = ()
    faults: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All settings in force. `file` is what they were read from, empty if no file was.

    `doubts` are sentences on what can be read and is unwise all the same. `ahead` reads
    file and environment anew. `path_secret` holds the endpoints whose address ends in
    their secret.
    """

    rows: Sequence[Setting] = ()
    file: str = ""
    doubts: Sequence[str] = ()
    ahead: Callable[[], Ahead] = _Nothing
    path_secret: frozenset[str] = frozenset()

    def origin(self, table: str, key: str) -> str:
        """Return where a value was found; empty where there is no such setting."""
        found = (r.origin for r in self.rows if (r.table, r.key) == (table, key))
        return next(found, "")
