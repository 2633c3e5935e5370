"""How links are told: alike in the command line, the console, the API and CSV."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO, StringIO
from typing import Any, Final

import segno

from forwarder.clicks.making import Flawed, made
from forwarder.core.cells import as_meant, no_formula
from forwarder.core.links import ClickClass, Link

BOTS: Final = (ClickClass.BOT_UA, ClickClass.EMPTY_UA, ClickClass.RATE)
PLAIN: Final = (
    ClickClass.PREVIEW,
    ClickClass.PREFETCH,
    ClickClass.HEAD,
    ClickClass.INTERNAL,
)
COLUMNS: Final = (
    "slug", "to", "campaign", "pin_id", "utm_policy", "expires", "fallback", "code",
)  # fmt: skip
NEEDED: Final = COLUMNS[:2]
QR_SCALE: Final = 8  # pixels a module, for printing


def as_row(link: Link) -> dict[str, Any]:
    """Return the link as it was typed; what is made of that is the link again."""
    over = link.expires_at
    return {
        "slug": link.slug,
        "to": link.to,
        "campaign": link.campaign,
        "pin_id": link.pin_id,
        "utm_policy": None if link.utm_policy is None else link.utm_policy.value,
        "expires": None if over is None else over.isoformat(),
        "fallback": link.fallback,
        "code": link.code,
        "arms": tuple(f"{arm.weight}={arm.to}" for arm in link.arms),
    }


def as_data(
    link: Link, public_url: str, counts: Mapping[ClickClass, int]
) -> dict[str, Any]:
    """Return the link as JSON has it, with its clicks by class."""
    row = as_row(link)
    return {
        "slug": link.slug,
        "url": address(link.slug, public_url),
        "to": link.to,
        "campaign": link.campaign or None,
        "pin_id": link.pin_id or None,
        "utm_policy": row["utm_policy"],
        "arms": [{"to": arm.to, "weight": arm.weight} for arm in link.arms],
        "paused": link.is_paused,
        "expires_at": row["expires"],
        "fallback": link.fallback or None,
        "code": link.code or None,
        "clicks": {
            "human": counts.get(ClickClass.HUMAN, 0),
            "bot": sum(counts.get(kind, 0) for kind in BOTS),
            **{kind.value: counts.get(kind, 0) for kind in PLAIN},
        },
        "bots": {kind.value: counts.get(kind, 0) for kind in BOTS},
    }


def address(slug: str, public_url: str) -> str:
    """Return where the link itself is."""
    return f"{public_url}/go/{slug}"


def as_csv(links: Sequence[Link]) -> str:
    """Return the links as CSV, which `read_csv` reads again."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for link in links:
        row = as_row(link)
        cells = (no_formula(str(row[name] or "")) for name in COLUMNS[1:])
        writer.writerow([link.slug, *cells])
    return out.getvalue()


def read_csv(text: str, allowed_hosts: Sequence[str]) -> Iterator[Link | str]:
    """Give the link of each row, or what is wrong with it."""
    rows = csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline=""))
    if not set(NEEDED) <= set(rows.fieldnames or ()):
        yield (
            f"the first line names no {' and '.join(NEEDED)}: it takes the headings "
            f"{','.join(COLUMNS)}, those two at least"
        )
        return
    for number, row in enumerate(rows, 1):
        told = {name: as_meant(row.get(name) or "") or None for name in COLUMNS}
        try:
            yield made(told, allowed_hosts)
        except Flawed as flawed:
            yield f"row {number}: {flawed}"


def qr_svg(slug: str, public_url: str, *, is_inline: bool = False) -> str:
    """Return the QR code of a link as SVG; its scans are counted apart.

    A file of its own has a size, a part of a page takes the size of its place.
    """
    drawn = BytesIO()
    code = segno.make(qr_address(slug, public_url), error="m", micro=False)
    code.save(
        drawn, kind="svg", scale=QR_SCALE, omitsize=is_inline, xmldecl=not is_inline
    )
    return drawn.getvalue().decode()


def qr_address(slug: str, public_url: str) -> str:
    """Return the address in the QR code."""
    return f"{address(slug, public_url)}?qr=1"
