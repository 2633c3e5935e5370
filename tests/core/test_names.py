import pytest

from forwarder.core.names import parted


@pytest.mark.parametrize(
    ("name", "first_name", "last_name"),
    [
        ("Mara van Dijk", ("Mara van",), ("Dijk",)),
        ("  Mara Dijk ", ("Mara",), ("Dijk",)),
        ("Mara", ("Mara",), ()),
        (" ", (), ()),
        (None, (), ()),
        ({"first": "Mara"}, (), ()),
    ],
)
def test_a_name_is_parted_at_its_last_space(
    name: object, first_name: tuple[str, ...], last_name: tuple[str, ...]
) -> None:
    assert (first_name, last_name) == parted(name)
