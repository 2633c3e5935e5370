"""Answers under labels become a person."""

import pytest

from forwarder.core.answers import person
from forwarder.core.event import Person
from forwarder.core.names import parted


@pytest.mark.parametrize(
    ("label", "field"),
    [
        ("email", "email"),
        ("E-mail address", "email"),
        ("Phone number *", "phone"),
        ("First name", "first_name"),
        ("first_name", "first_name"),
        ("Surname:", "last_name"),
        ("ZIP code", "postal_code"),
        ("Country?", "country"),
    ],
)
def test_a_label_is_known_whatever_stands_around_its_words(
    label: str, field: str
) -> None:
    assert ("x",) == getattr(person([(label, "x")]), field)


@pytest.mark.parametrize("label", [None, "", "Your partner's e-mail", "Nom", "123"])
def test_an_unknown_label_tells_nobody(label: str | None) -> None:
    assert Person() == person([(label, "x")])


def test_the_first_answer_of_one_meaning_counts() -> None:
    found = person([("email", ""), ("email", "a@b.example"), ("Email", "c@d.example")])

    assert ("a@b.example",) == found.email


def test_a_whole_name_fills_what_its_parts_leave_open() -> None:
    found = person([("First name", "Ada"), ("Full name", "Augusta Ada King")])

    assert (("Ada",), ("King",)) == (found.first_name, found.last_name)


@pytest.mark.parametrize("value", [None, ["id-1"], {"a": 1}, True])
def test_what_is_no_text_is_no_answer(value: object) -> None:
    assert Person() == person([("email", value), ("name", value)])


@pytest.mark.parametrize(
    ("name", "first_name", "last_name"),
    [
        ("Ada King", ("Ada",), ("King",)),
        ("Augusta Ada King", ("Augusta Ada",), ("King",)),
        ("Ada", ("Ada",), ()),
        (" Ada ", ("Ada",), ()),
        ("Ada  King", ("Ada",), ("King",)),
        ("", (), ()),
        (None, (), ()),
        (["Ada"], (), ()),
    ],
)
def test_a_name_is_parted_at_the_last_space(
    name: object, first_name: tuple[str, ...], last_name: tuple[str, ...]
) -> None:
    assert (first_name, last_name) == parted(name)
