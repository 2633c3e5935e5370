from forwarder.core.reading import named, read_json


def test_rows_without_a_name_are_left_out_and_the_first_of_a_name_counts() -> None:
    rows: list[dict[str, object]] = [
        {"name": "epik", "value": "1"},
        {"name": None, "value": "2"},
        {"name": "epik", "value": "3"},
    ]

    assert {"epik": "1"} == named(rows, "name")


def test_an_object_in_a_list_without_escapes_is_read_as_it_is() -> None:
    assert [{"a": {"b": [1]}}] == read_json(b'[{"a": {"b": [1]}}]')
