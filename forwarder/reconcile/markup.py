"""HTML and SVG as values: what is not markup is escaped, always."""

import html
from collections.abc import Iterable


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


Child = str | Markup | Iterable["str | Markup"] | None
_EMPTY = frozenset({"meta", "br", "line", "rect", "circle", "path", "col"})


def el(name: str, /, *children: Child, **attributes: object) -> Markup:
    """Return one element; `class_` and `data_x` become class and data-x.

    An attribute that is None is left out.
    """
    written = "".join(
        f' {_attribute(key)}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Markup(f"<{name}{written}>" if name in {"meta", "br", "col"} else
                      f"<{name}{written}/>")  # fmt: skip
    return Markup(f"<{name}{written}>{joined(*children)}</{name}>")


def joined(*children: Child) -> Markup:
    """Return children one after the other."""
    return Markup("".join(_written(child) for child in children))


def _written(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return html.escape(child, quote=False)
    return "".join(_written(one) for one in child)


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")
