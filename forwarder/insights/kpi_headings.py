"""What the columns of exports are called, in Pinterest's words of today and before."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

ALIASES: Final[Mapping[str, Sequence[str]]] = {
    "date": ("date", "day", "datum", "fecha", "data", "jour", "reporting date"),
    "pin_id": ("pin id", "pin url", "pin link", "pin", "id", "pinid"),
    "impressions": (
        "impressions", "impression", "impressionen", "impresiones", "impressioni",
        "total impressions",
    ),
    "pin_clicks": (
        "pin clicks", "pin click", "pin-klicks", "clics en pines",
        "clics sur les epingles",
    ),
    "close_ups": ("close ups", "closeups", "close up", "closeup"),
    "outbound_clicks": (
        "outbound clicks", "outbound click", "link clicks", "link click",
        "clickthroughs", "clickthrough", "click throughs", "ausgehende klicks",
        "clics salientes", "clics sortants",
    ),
    "saves": (
        "saves", "save", "repins", "repin", "gespeichert", "guardados",
        "enregistrements",
    ),
    "title": ("title", "pin title", "titel", "titulo", "titre"),
}  # fmt: skip
COUNTS: Final = ("impressions", "pin_clicks", "outbound_clicks", "saves")
_BY_ALIAS: Final = {alias: role for role, names in ALIASES.items() for alias in names}
_ACCENTS: Final = str.maketrans("áàâäéèêëíìîïóòôöúùûüñç", "aaaaeeeeiiiioooouuuunc")


def role_of(heading: str) -> str | None:
    """Return what a column holds; None for one that nothing is read from."""
    plain = re.sub(r"[\s_\-]+", " ", heading.strip().lower().translate(_ACCENTS))
    return _BY_ALIAS.get(plain.strip()) or _BY_ALIAS.get(plain.replace(" ", "-"))


def roles_of(cells: Sequence[str]) -> dict[str, int]:
    """Return where each thing stands; the first of several columns for one counts."""
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        role = role_of(cell)
        if role is not None:
            found.setdefault(role, place)
    return found


def is_header(cells: Sequence[str]) -> bool:
    """Tell the header from the lines of words that some exports begin with."""
    roles = roles_of(cells)
    return "date" in roles and "impressions" in roles
