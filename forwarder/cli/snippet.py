"""`forwarder snippet ids`: the code that carries ids of the browser into the order."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

import click

from forwarder.cli.common import settings_or_exit, stop_wrong_use
from forwarder.cli.snippet_mirror import mirror
from forwarder.core.event import Kind

PLATFORMS: Final = ("shopify", "woocommerce", "stripe", "form")
# What stands for the order's id where the tag is called.
ORDER_ID: Final[Mapping[str, str]] = {
    "shopify": "id[0]",
    "woocommerce": "$order_id",
    "stripe": "order_id",
}
JOIN: Final[Mapping[str, str]] = {"woocommerce": " . "}
OWN_ID: Final = '"form-" + Date.now() + "-" + Math.random().toString(36).slice(2)'


@click.group()
def snippet() -> None:
    """Print code for your pages, made for your own settings."""


snippet.add_command(mirror)


@snippet.command()
@click.option("--endpoint", "name", required=True, help="The name of an address.")
@click.option(
    "--platform",
    type=click.Choice(PLATFORMS),
    default=None,
    help="That of the endpoint, if not given.",
)
def ids(name: str, platform: str | None) -> None:
    """Print what carries event_id and click id into orders or forms.

    Example: forwarder snippet ids --endpoint my-shop --platform shopify
    """
    settings = settings_or_exit(is_unfinished=True)
    endpoint = settings.endpoints.get(name)
    if endpoint is None:
        names = ", ".join(sorted(settings.endpoints)) or "none"
        stop_wrong_use(f"no endpoint is named {name}; known: {names}")
    chosen = platform or (endpoint.source if endpoint.source in PLATFORMS else "form")
    kind = Kind.CHECKOUT if chosen != "form" else Kind(endpoint.form_kind)
    source = endpoint.source
    if source == "declared":
        source = str(endpoint.mapping.content.get("name", source))
    template = endpoint.event_id.replace("{source}", source).replace("{shop}", name)
    parts = {
        "@capture@": _file("capture.js").rstrip(),
        "@endpoint@": name,
        "@event_id@": _joined(template.replace("{kind}", kind.value), chosen),
        "@own_id@": OWN_ID,
        "@kind@": kind.value,
    }
    text = _file(f"{chosen}.txt")
    for mark, value in parts.items():
        text = text.replace(mark, value)
    click.echo(text, nl=False)


def _joined(template: str, platform: str) -> str:
    """Return the event_id as an expression that puts the order's id into its place."""
    if platform not in ORDER_ID:
        return OWN_ID
    before, _, after = template.partition("{order_id}")
    told = [_quoted(before), ORDER_ID[platform], _quoted(after)]
    return JOIN.get(platform, " + ").join(part for part in told if part)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'" if text else ""


def _file(name: str) -> str:
    return (files("forwarder.cli") / "snippets" / name).read_text(encoding="utf-8")
