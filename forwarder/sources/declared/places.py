"""Where a value stands in a webhook: a path in the body, a header, or a fixed word."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from forwarder.core import reading as read
from forwarder.core.event import Notice

HEADER: Final = "header:"
FIXED: Final = "="


@dataclass(frozen=True, slots=True)
class Place:
    """One place. `header` and `fixed` are empty where the path counts."""

    path: tuple[str, ...] = ()
    header: str = ""
    fixed: str = ""

    def value(self, data: object, notice: Notice) -> object:
        """Return what stands there, None if nothing does."""
        if self.fixed:
            return self.fixed
        if self.header:
            return notice.headers.get(self.header)
        for step in self.path:
            data = _below(data, step)
        return data


Places = tuple[Place, ...]


def place(text: str) -> Place:
    """Return a place as it is written: `a.b.0.c`, `header:X-Name` or `=word`."""
    if text.startswith(FIXED):
        return Place(fixed=text.removeprefix(FIXED))
    if text.startswith(HEADER):
        return Place(header=text.removeprefix(HEADER).strip().lower())
    return Place(path=tuple(text.split(".")))


def values(places: Iterable[Place], data: object, notice: Notice) -> Sequence[object]:
    """Return what stands at each place, in order."""
    return [one.value(data, notice) for one in places]


def _below(data: object, step: str) -> object:
    if isinstance(data, list):
        is_index = step.isascii() and step.isdigit() and len(step) < 6  # noqa: PLR2004
        return read.at(data, int(step)) if is_index else None
    return read.at(data, step)
