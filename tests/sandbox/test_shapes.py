"""The hand-written schema and Pinterest's own say the same about every payload."""

import copy
import json
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from forwarder.sandbox.shapes import REQUEST_SHAPES
from tests.sandbox.samples import a_batch, a_checkout, an_event, with_custom, with_user


def _schema(spec: str) -> dict[str, Any]:
    shipped = json.loads((files("forwarder.sandbox") / "schema.json").read_text())
    schema: dict[str, Any] = shipped["schemas"]["ConversionEvents"]
    if spec == "current":
        event = schema["properties"]["data"]["items"]["properties"]
        event["advertiser_tracking_enabled"] = {"type": "boolean"}
        content = event["custom_data"]["properties"]["contents"]["items"]
        content["properties"]["item_brand_id"] = {"type": "string"}
    return schema


VALIDATORS = {spec: Draft202012Validator(_schema(spec)) for spec in ("5.23", "current")}
ANY_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 101, 30_720, 30_721, 1_048_577, 2.0, 2.5, 1e30),
    *("", "x", "wifi", "ios", "tv", "x" * 5, "x" * 6, "x" * 41, "x" * 101, "x" * 201),
    *(
        "x" * 16_385,
        [],
        ["x"],
        [1],
        [None],
        ["x"] * 101,
        {},
        {"x": 1},
        [{}],
        [{"q": 1}],
    ),
)


def _all_messages(errors: Iterable[ValidationError]) -> Iterator[str]:
    for error in errors:
        yield error.message
        yield from _all_messages(error.context)


def _agree(payload: object, spec: str) -> None:
    complaint = REQUEST_SHAPES[spec](payload)
    expected = list(_all_messages(VALIDATORS[spec].iter_errors(payload)))

    assert (complaint is not None) == bool(expected), (complaint, expected[:1])
    assert complaint is None or complaint in expected


def _properties(schema: dict[str, Any]) -> list[str]:
    branch = schema.get("anyOf", [schema])[0]
    return sorted(branch["properties"])


def _one_field_changed() -> Iterator[Any]:
    event = _schema("current")["properties"]["data"]["items"]["properties"]
    contents = event["custom_data"]["properties"]["contents"]["items"]
    for value in ANY_VALUES:
        for name in event:
            yield an_event(**{name: value})
        for name in (*_properties(event["user_data"]), "unheard_of"):
            yield with_user(**{name: value})
        for name in (*_properties(event["custom_data"]), "unheard_of"):
            yield with_custom(**{name: value})
        for name in (*_properties(contents), "unheard_of"):
            yield with_custom(contents=[{"id": "1"}, {name: value}])
        for group in ("app_info", "device_info"):
            for name in (*_properties(event[group]), "unheard_of"):
                yield an_event(**{group: {name: value}})


@pytest.mark.parametrize("spec", ["5.23", "current"])
def test_both_schemas_agree_when_any_one_field_holds_anything(spec: str) -> None:
    payloads = [a_batch(event) for event in _one_field_changed()]

    assert len(payloads) > 3_000
    for payload in payloads:
        _agree(payload, spec)


@pytest.mark.parametrize("spec", ["5.23", "current"])
def test_both_schemas_agree_when_any_one_field_is_missing(spec: str) -> None:
    whole = a_checkout()
    paths = [(name,) for name in whole]
    paths += [("user_data", name) for name in whole["user_data"]]
    paths += [("custom_data", name) for name in whole["custom_data"]]

    for path in paths:
        event = copy.deepcopy(whole)
        holder = event[path[0]] if len(path) > 1 else event
        del holder[path[-1]]
        _agree(a_batch(event), spec)


ENVELOPES: tuple[Any, ...] = (
    *([], {}, None, 1, "x", {"data": None}, {"data": {}}, {"data": []}),
    *({"data": [1]}, {"data": [None]}, {"data": [[]]}, {"data": [{}]}),
    {"data": [an_event()], "test": True},
    {"data": [an_event()], "b": 1, "a": 2},
    {"data": [an_event()] * 1_000},
    {"data": [an_event()] * 1_001},
    {"data": [an_event()] * 500 + [{}]},
)


@pytest.mark.parametrize("spec", ["5.23", "current"])
@pytest.mark.parametrize("payload", ENVELOPES, ids=range(len(ENVELOPES)))
def test_both_schemas_agree_about_the_envelope(payload: object, spec: str) -> None:
    _agree(payload, spec)


IDENTITIES: tuple[Any, ...] = (
    *({}, {"em": []}, {"em": ["x"]}, {"em": None}, {"em": "x"}, {"hashed_maids": []}),
    *({"ph": ["x"]}, {"external_id": ["x"]}, {"click_id": "x"}, {"fn": ["x"]}),
    *({"client_ip_address": "x"}, {"client_user_agent": "x"}),
    {"client_ip_address": "x", "client_user_agent": "x"},
    {"client_ip_address": None, "client_user_agent": "x"},
    {"client_ip_address": "x", "client_user_agent": "x", "ph": [1]},
    {"em": ["x"], "click_id": None, "partner_id": None},
    {"hashed_maids": ["x"], "anything": {"at": ["all"]}},
)


@pytest.mark.parametrize("spec", ["5.23", "current"])
@pytest.mark.parametrize("user_data", IDENTITIES, ids=range(len(IDENTITIES)))
def test_both_schemas_agree_about_the_identity_rule(
    user_data: object, spec: str
) -> None:
    _agree(a_batch(an_event(user_data=user_data)), spec)


NAMES = [
    *("event_name", "event_time", "user_data", "custom_data", "data", "em", "value"),
    *("contents", "quantity", "app_info", "device_info", "unheard_of", "opt_out"),
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(
    changes=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4),
    is_full=st.booleans(),
)
def test_both_schemas_agree_about_arbitrary_json(
    *, changes: dict[str, Any], is_full: bool
) -> None:
    event = {**(a_checkout() if is_full else an_event()), **changes}

    _agree(a_batch(event), "current")
    _agree(changes, "current")


def test_what_the_live_api_learnt_later_is_refused_by_the_older_spec() -> None:
    for event in (
        an_event(advertiser_tracking_enabled=True),
        with_custom(contents=[{"id": "1", "item_brand_id": "b"}]),
    ):
        assert REQUEST_SHAPES["current"](a_batch(event)) is None
        assert REQUEST_SHAPES["5.23"](a_batch(event)) is not None
