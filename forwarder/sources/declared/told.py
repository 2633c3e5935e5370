"""One webhook read by one rule of a mapping."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from forwarder.core import reading as read
from forwarder.core.carried import Carried, carried
from forwarder.core.choices import based, finish
from forwarder.core.event import (
    LOCAL_KINDS,
    ONE_OF_PERSON,
    Event,
    Item,
    Kind,
    Money,
    Notice,
    Order,
    Person,
)
from forwarder.core.money import amount, from_minor, money
from forwarder.core.source import Options, event_id
from forwarder.sources.declared.mapping import FORM, NEWSLETTER, Rule
from forwarder.sources.declared.places import Places, values


@dataclass(frozen=True, slots=True)
class Told:
    """One notice while it is read by one rule."""

    rule: Rule
    data: object
    notice: Notice
    options: Options
    source: str

    def is_meant(self) -> bool:
        """Tell whether every condition of the rule holds."""
        return all(
            read.text(_word(place.value(self.data, self.notice))) in words
            for place, words in self.rule.when
        )

    def event(self) -> Event:
        """Return the event. Raises: Unreadable."""
        rule, kind = self.rule, self._kind()
        subject_id = read.needed("id where the mapping says", *self._at("id"))
        event = Event(
            event_id=event_id(self.options, self.source, subject_id, kind),
            kind=kind,
            occurred_at=read.occurred(self.notice, *self._at("occurred_at")),
            person=self._person(),
            order=self._order(subject_id, kind),
            language=read.first(*self._at("language")),
            search=read.first(*self._at("search")),
            is_test=any(read.is_yes(found) for found in self._at("test")),
        )
        free = map(_fields, self._found(rule.carried))
        told = carried(*free, landing_url=read.first(*self._at("page_url")))
        is_local = kind in LOCAL_KINDS
        return finish(event, self.options, Carried() if is_local else told)

    def _kind(self) -> Kind:
        chosen = {
            NEWSLETTER: self.options.newsletter_kind,
            FORM: self.options.form_kind,
        }
        return chosen.get(self.rule.kind) or Kind(self.rule.kind)

    def _found(self, places: Places) -> list[object]:
        return list(values(places, self.data, self.notice))

    def _at(self, name: str) -> list[object]:
        return self._found(self.rule.at[name])

    def _person(self) -> Person:
        told = {name: self._found(at) for name, at in self.rule.person.items()}
        fields: dict[str, Any] = {
            name: read.first(*found) if name in ONE_OF_PERSON else read.texts(*found)
            for name, found in told.items()
        }
        return Person(**fields)

    def _order(self, subject_id: str, kind: Kind) -> Order | None:
        at = self.rule.order
        if not any(at.values()) and not self.rule.each:
            return Order(id=subject_id) if kind in LOCAL_KINDS else None
        amounts = ("value", "subtotal", "tax", "shipping")
        value, goods, tax, shipping = (self._money(at[name]) for name in amounts)
        if kind not in LOCAL_KINDS:
            value = based(self.options, value, goods, tax, shipping)
        order_id = read.first(*self._found(at["id"])) or subject_id
        return Order(id=order_id, value=value, items=self._items())

    def _money(self, places: Places) -> Money | None:
        code = read.first(*self._found(self.rule.order["currency"]))
        make = from_minor if self.rule.is_minor else money
        found = (make(value, code) for value in self._found(places))
        return next((one for one in found if one is not None), None)

    def _items(self) -> tuple[Item, ...]:
        lines = [
            line for found in self._found(self.rule.each) for line in read.rows(found)
        ]
        return tuple(self._item(line) for line in lines)

    def _item(self, line: Mapping[str, object]) -> Item:
        def first(name: str) -> str | None:
            return read.first(*values(self.rule.item[name], line, self.notice))

        return Item(
            id=first("id"),
            name=first("name"),
            brand=first("brand"),
            category=first("category"),
            quantity=read.whole(first("quantity")),
            price=self._price(first("price")),
        )

    def _price(self, told: str | None) -> Decimal | None:
        if not self.rule.is_minor:
            return amount(told)
        code = read.first(*self._found(self.rule.order["currency"]))
        found = from_minor(told, code)
        return None if found is None else found.amount


def _word(found: object) -> object:
    return str(found).lower() if isinstance(found, bool) else found


def _fields(found: object) -> Mapping[str, object]:
    """Return free fields, an object or a list of names and values."""
    rows = read.records(found)
    by_name = read.named(rows, "name") or read.named(rows, "key")
    return read.record(found) or by_name or read.named(rows, "label")
