"""First and repeat revenue by first click, as rows for a spreadsheet."""

from collections.abc import Iterator
from typing import Final

from forwarder.clicks.funnel import told_money
from forwarder.clicks.repeats import ByFirstClick

COLUMNS: Final = (
    *("by", "name", "people", "days", "people_over"),
    *("currency", "first_revenue", "repeat_revenue"),
)


def first_click_rows(found: ByFirstClick | None) -> Iterator[tuple[object, ...]]:
    """Give a row for each part, number of days and currency; headings first."""
    yield COLUMNS
    for kind, name, one in [] if found is None else found.parts():
        for each in one.within:
            first, again = map(told_money, (each.first_revenue, each.repeat_revenue))
            for currency in sorted({*first, *again}) or [""]:
                yield (
                    *(kind, name, one.people, each.days, each.people_over),
                    *(currency, first.get(currency, ""), again.get(currency, "")),
                )
