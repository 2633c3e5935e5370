"""A mapping as the operator writes it, checked as a whole before it is used."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, get_args, get_type_hints

from forwarder.core.event import LOCAL_KINDS, ONE_OF_PERSON, SEVERAL_OF_PERSON, Kind
from forwarder.core.signing import Scheme
from forwarder.sources.declared.places import Place, Places, place

NEWSLETTER: Final = "newsletter"  # what the endpoint's newsletter_kind says
FORM: Final = "form"  # what its form_kind says
_OF_NOBODY: Final = LOCAL_KINDS - {Kind.ERASE}  # of an order, and never sent
KINDS: Final = (*(kind.value for kind in Kind), NEWSLETTER, FORM)
PERSON: Final = (*SEVERAL_OF_PERSON, *ONE_OF_PERSON)
ORDER: Final = ("id", "value", "currency", "subtotal", "tax", "shipping")
ITEM: Final = ("id", "name", "brand", "category", "quantity", "price")
SHOWN_IN: Final = ("path", "header", "field")
_PLACES_OF_EVENT: Final = (
    "id",
    "occurred_at",
    "page_url",
    "language",
    "search",
    "test",
)
_EVENT: Final = (*_PLACES_OF_EVENT, "topic", "kind", "when", "person", "order", "items")
_MAPPING: Final = ("name", "body", "signature", "secret", "delivery_id", "topic")

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of event is read. `topics` empty takes every one."""

    topics: frozenset[str]
    kind: str
    when: tuple[tuple[Place, frozenset[str]], ...]
    at: Mapping[str, Places]
    person: Mapping[str, Places]
    order: Mapping[str, Places]
    each: Places
    item: Mapping[str, Places]
    is_minor: bool
    carried: Places


@dataclass(frozen=True, slots=True)
class Proof:
    """How a webhook shows that it is genuine: signed, or with a secret somewhere."""

    scheme: Scheme | None = None
    shown_in: str = ""
    shown_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A whole mapping, fit for use. `name` stands in the event ids."""

    name: str
    is_form: bool
    proof: Proof
    delivery_id: Places
    topic: Places
    rules: tuple[Rule, ...]


class Incomplete(Exception):
    """A mapping that cannot be used: mend every sentence of `faults`."""

    def __init__(self, faults: Sequence[str]) -> None:
        """Keep all faults, so that one look is enough to mend them all."""
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@dataclass(slots=True)
class _Reader:
    """Reads tables and remembers every fault on the way."""

    faults: list[str] = field(default_factory=list)

    def table(self, table: Table, key: str, where: str) -> Table:
        found = table.get(key, {})
        if isinstance(found, Mapping):
            return found
        self.faults.append(f"{where}{key} must be a table, [{where}{key}]")
        return {}

    def known(self, table: Table, names: Sequence[str], where: str) -> None:
        for name in table:
            if name not in names:
                near = get_close_matches(name, names, n=1)
                hint = f"did you mean {near[0]}?" if near else ", ".join(names)
                self.faults.append(f"{where}{name} is not known; {hint}")

    def text(self, table: Table, key: str, where: str, default: str = "") -> str:
        found = table.get(key, default)
        if isinstance(found, str):
            return found
        self.faults.append(f"{where}{key} must be a text")
        return default

    def texts(self, found: object, where: str) -> tuple[str, ...]:
        several = found if isinstance(found, list) else [found]
        if all(isinstance(one, str) and one for one in several):
            return tuple(several)
        self.faults.append(f"{where} must be a text or a list of texts, none empty")
        return ()

    def places(self, table: Table, key: str, where: str) -> Places:
        if key not in table:
            return ()
        return tuple(map(place, self.texts(table[key], f"{where}{key}")))

    def word(self, table: Table, key: str, where: str, words: Sequence[str]) -> str:
        found = table.get(key, words[0])
        if found in words:
            return str(found)
        self.faults.append(
            f"{where}{key} must be one of {', '.join(filter(None, words))}"
        )
        return words[0]

    def all_places(
        self, table: Table, names: Sequence[str], where: str
    ) -> Mapping[str, Places]:
        return {name: self.places(table, name, where) for name in names}


def read_mapping(table: Table) -> Mapped:
    """Return a mapping that is whole. Raises: Incomplete, with every fault at once."""
    reader = _Reader()
    reader.known(table, (*_MAPPING, "events"), "")
    name = reader.text(table, "name", "", "declared")
    if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum()):
        reader.faults.append('name must be a short word, such as name = "cornershop"')
    mapped = Mapped(
        name=name,
        is_form=reader.word(table, "body", "", ("json", "form")) == "form",
        proof=_proof(reader, table),
        delivery_id=reader.places(table, "delivery_id", ""),
        topic=reader.places(table, "topic", ""),
        rules=tuple(_rules(reader, table)),
    )
    if not mapped.rules and "events" not in table:
        reader.faults.append("no [[events]]: say what becomes of which webhook")
    if reader.faults:
        raise Incomplete(reader.faults)
    return mapped


def _proof(reader: _Reader, table: Table) -> Proof:
    if ("signature" in table) == ("secret" in table):
        reader.faults.append(
            "say how a webhook proves itself, by one of the two: [signature] with its "
            'header, or [secret] with in = "path", "header" or "field"'
        )
        return Proof()
    if "signature" in table:
        return Proof(_scheme(reader, reader.table(table, "signature", "")))
    told = reader.table(table, "secret", "")
    reader.known(told, ("in", "name"), "secret.")
    where = reader.word(told, "in", "secret.", SHOWN_IN)
    name = reader.text(told, "name", "secret.")
    if where != "path" and not name:
        reader.faults.append(f"secret.name is missing: which {where} shows the secret")
    return Proof(shown_in=where, shown_name=name.lower() if where == "header" else name)


def _scheme(reader: _Reader, told: Table) -> Scheme:
    hints = get_type_hints(Scheme)
    reader.known(told, tuple(hints), "signature.")
    if not told.get("header"):
        reader.faults.append("signature.header is missing: which header is signed")
    values: dict[str, Any] = {"header": ""}
    for name in told:
        words = get_args(hints.get(name, str))
        if name not in hints:
            continue
        values[name] = (
            reader.word(told, name, "signature.", words)
            if words
            else reader.text(told, name, "signature.")
        )
    for name in ("header", "time_header", "id_header"):
        values[name] = values.get(name, "").lower()
    scheme = Scheme(**values)
    reader.faults += _unsigned(scheme)
    return scheme


def _unsigned(scheme: Scheme) -> Iterator[str]:
    """Name what would make a signature prove less than it seems to."""
    if "{body}" not in scheme.signed:
        yield "signature.signed must hold {body}, or the signature proves nothing of it"
    has_time = bool(scheme.time_prefix or scheme.time_header)
    if has_time != ("{time}" in scheme.signed):
        yield (
            "signature: {time} in signed and time_header or time_prefix belong "
            "together: a time that is not signed protects from no replay"
        )
    if bool(scheme.id_header) != ("{id}" in scheme.signed):
        yield "signature: {id} in signed and id_header belong together"
    if scheme.time_prefix and not scheme.separator:
        yield "signature.separator is missing: what parts time and signature"


def _rules(reader: _Reader, table: Table) -> Iterator[Rule]:
    told = table.get("events", [])
    if not isinstance(told, list) or not all(isinstance(one, Mapping) for one in told):
        reader.faults.append("events must be a list of tables, [[events]]")
        return
    for number, one in enumerate(told, start=1):
        yield _rule(reader, one, f"events {number}: ", has_topic="topic" in table)


def _rule(reader: _Reader, told: Table, where: str, *, has_topic: bool) -> Rule:
    reader.known(told, (*_EVENT, "carried"), where)
    order, items = (reader.table(told, name, where) for name in ("order", "items"))
    person = reader.table(told, "person", where)
    reader.known(person, PERSON, f"{where}person.")
    reader.known(order, (*ORDER, "minor_units"), f"{where}order.")
    reader.known(items, ("each", *ITEM), f"{where}items.")
    rule = Rule(
        topics=frozenset(reader.texts(told.get("topic", []), f"{where}topic")),
        kind=reader.word(told, "kind", where, ("", *KINDS)),
        when=tuple(_conditions(reader, reader.table(told, "when", where), where)),
        at=reader.all_places(told, _PLACES_OF_EVENT, where),
        person=reader.all_places(person, PERSON, f"{where}person."),
        order=reader.all_places(order, ORDER, f"{where}order."),
        each=reader.places(items, "each", f"{where}items."),
        item=reader.all_places(items, ITEM, f"{where}items."),
        is_minor=order.get("minor_units") is True,
        carried=reader.places(told, "carried", where),
    )
    reader.faults += [f"{where}{fault}" for fault in _gaps(rule, has_topic=has_topic)]
    return rule


def _conditions(
    reader: _Reader, told: Table, where: str
) -> Iterator[tuple[Place, frozenset[str]]]:
    for path, words in told.items():
        yield place(path), frozenset(reader.texts(words, f"{where}when.{path}"))


_NEEDS: Final[Sequence[tuple[str, Callable[[Rule], object]]]] = (
    ("kind is missing: one of " + ", ".join(KINDS), lambda rule: rule.kind),
    (
        "id is missing: which field tells one order or sign-up from the next",
        lambda rule: rule.at["id"],
    ),
    (
        'order.currency is missing: a field, or fixed as in "=EUR"',
        lambda rule: rule.order["currency"] or not rule.order["value"],
    ),
    (
        "items.each is missing: which field holds the list of lines",
        lambda rule: rule.each or not any(rule.item.values()),
    ),
    (
        "person needs email, external_id, maid, or both ip and user_agent",
        lambda rule: (
            rule.person["email"]
            or rule.person["external_id"]
            or rule.person["maid"]
            or (rule.person["ip"] and rule.person["user_agent"])
            or rule.carried
            or rule.kind in _OF_NOBODY
        ),
    ),
)


def _gaps(rule: Rule, *, has_topic: bool) -> Iterator[str]:
    yield from (sentence for sentence, is_met in _NEEDS if not is_met(rule))
    if rule.topics and not has_topic:
        yield 'topic is given, but not where a webhook tells its own: topic = "field"'
