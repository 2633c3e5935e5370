import json

import pytest

from forwarder.core.bodies import read_json
from forwarder.core.event import Unreadable
from forwarder.core.reading import MAX_BATCH, batch, named
from forwarder.decode import read_object


def test_rows_without_a_name_are_left_out_and_the_first_of_a_name_counts() -> None:
    rows: list[dict[str, object]] = [
        {"name": "epik", "value": "1"},
        {"name": None, "value": "2"},
        {"name": "epik", "value": "3"},
    ]

    assert {"epik": "1"} == named(rows, "name")


def test_many_small_objects_are_not_taken_for_a_deep_one() -> None:
    rows = [{"a": {"b": [number]}} for number in range(70)]

    assert rows == read_json(json.dumps(rows).encode())


def test_a_body_that_is_no_object_is_told() -> None:
    with pytest.raises(Unreadable, match="no object"):
        read_object(b"[]")


def test_a_body_with_too_many_notices_is_unreadable() -> None:
    assert MAX_BATCH == len(batch([{}] * MAX_BATCH))

    with pytest.raises(Unreadable, match="send fewer"):
        batch([{}] * (MAX_BATCH + 1))
