"""Every page of the console by its route, so that a new one is judged as well."""

from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import AnyConverter, IntegerConverter, Rule

from forwarder.web.rules import ANYONE, RULE

# What stands for a part of an address; 1 or "x" for all others.
PARTS = {
    "delivery_id": 4,
    "what": "replay",
    "form": "csv",
    "slug": "spring",
    ("console.source.show", "name"): "my-shop",
    ("console.experiments.show", "name"): "spring",
    ("console.experiments.show_json", "name"): "spring",
}


def page_addresses(app: Flask) -> dict[str, str]:
    """Return what people read, by a name for its picture."""
    return {
        endpoint.removeprefix("console."): address
        for endpoint, address in _addresses(app)
        if "." not in address.rpartition("/")[2]
    }


def all_addresses(app: Flask) -> list[str]:
    """Return pages, their twins as data, and files."""
    return [address for _, address in _addresses(app)]


def _addresses(app: Flask) -> Iterator[tuple[str, str]]:
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        who = getattr(app.view_functions[rule.endpoint], RULE, ANYONE)
        is_got = "GET" in (rule.methods or ()) and rule.rule.startswith("/console/")
        if who == ANYONE or not is_got or "path:" in rule.rule:
            continue
        values = {name: _part(rule, name) for name in rule.arguments}
        yield rule.endpoint, adapter.build(rule.endpoint, values, "GET")


def _part(rule: Rule, name: str) -> int | str:
    known = PARTS.get((rule.endpoint, name), PARTS.get(name))
    if known is not None:
        return known
    kind = rule._converters[name]  # noqa: SLF001  nothing else tells it
    if isinstance(kind, AnyConverter):
        return min(kind.items)
    return 1 if isinstance(kind, IntegerConverter) else "x"
