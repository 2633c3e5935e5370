"""The request schema of the events endpoint, written out by hand for speed.

A JSON Schema library judges 9,000 events per CPU-second; these checks must keep up
with load tests. `schema.json` beside this file says the same in Pinterest's words,
and a test proves that both agree. Messages read as Python's jsonschema writes them,
which is how Pinterest's real 400 reads.
"""

from collections.abc import Callable, Mapping

Check = Callable[[object], str | None]  # the complaint, or None when all is well


def _wrong_type(value: object, *names: str) -> str:
    return f"{value!r} is not of type {', '.join(repr(name) for name in names)}"


def _text(value: object) -> str | None:
    return None if type(value) is str else _wrong_type(value, "string")


def _text_or_null(value: object) -> str | None:
    if type(value) is str or value is None:
        return None
    return _wrong_type(value, "string", "null")


def _flag(value: object) -> str | None:
    return None if type(value) is bool else _wrong_type(value, "boolean")


def _is_whole(value: object) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())


def _whole(value: object) -> str | None:
    return None if _is_whole(value) else _wrong_type(value, "integer")


def _whole_or_null(value: object) -> str | None:
    if value is None or _is_whole(value):
        return None
    return _wrong_type(value, "integer", "null")


def _text_up_to(max_chars: int) -> Check:
    def check(value: object) -> str | None:
        if type(value) is not str:
            return _wrong_type(value, "string")
        return f"{value!r} is too long" if len(value) > max_chars else None

    return check


def _whole_up_to(most: int | None) -> Check:
    def check(value: object) -> str | None:
        if type(value) is not int and not (type(value) is float and value.is_integer()):
            return _wrong_type(value, "integer")
        if value < 0:
            return f"{value!r} is less than the minimum of 0"
        if most is not None and value > most:
            return f"{value!r} is greater than the maximum of {most!r}"
        return None

    return check


def _one_of(*words: str) -> Check:
    def check(value: object) -> str | None:
        if type(value) is not str:
            return _wrong_type(value, "string")
        return None if value in words else f"{value!r} is not one of {list(words)!r}"

    return check


def _texts(value: object) -> str | None:
    if type(value) is not list:
        return _wrong_type(value, "array")
    for item in value:
        if type(item) is not str:
            return _wrong_type(item, "string")
    return None


def _list_of(check_item: Check, most: int | None = None, least: int = 0) -> Check:
    def check(value: object) -> str | None:
        if type(value) is not list:
            return _wrong_type(value, "array")
        if len(value) < least:
            return f"{value!r} should be non-empty"
        if most is not None and len(value) > most:
            return f"{value!r} is too long"
        for item in value:
            if (complaint := check_item(item)) is not None:
                return complaint
        return None

    return check


def _unexpected(value: Mapping[str, object], known: Mapping[str, Check]) -> str:
    extras = sorted(key for key in value if key not in known)
    verb = "was" if len(extras) == 1 else "were"
    names = ", ".join(repr(extra) for extra in extras)
    return f"Additional properties are not allowed ({names} {verb} unexpected)"


def _closed(known: Mapping[str, Check], required: tuple[str, ...] = ()) -> Check:
    needed = frozenset(required)
    texts = frozenset(
        key for key, check in known.items() if check in (_text, _text_or_null)
    )

    def check(value: object) -> str | None:
        if type(value) is not dict:
            return _wrong_type(value, "object")
        if needed and not value.keys() >= needed:
            missing = next(name for name in required if name not in value)
            return f"{missing!r} is a required property"
        for key, item in value.items():
            if type(item) is str and key in texts:
                continue  # saves a call for most fields
            check_item = known.get(key)
            if check_item is None:
                return _unexpected(value, known)
            if (complaint := check_item(item)) is not None:
                return complaint
        return None

    return check


HASHED_KEYS = (
    "em",
    "ph",
    "fn",
    "ln",
    "ge",
    "db",
    "ct",
    "st",
    "zp",
    "country",
    "external_id",
    "hashed_maids",
)
USER_DATA: Mapping[str, Check] = {
    **dict.fromkeys(HASHED_KEYS, _texts),
    "client_ip_address": _text,
    "client_user_agent": _text,
    "click_id": _text_or_null,
    "partner_id": _text_or_null,
}


def _is_identified(value: Mapping[str, object]) -> bool:
    return (
        "em" in value
        or "hashed_maids" in value
        or ("client_ip_address" in value and "client_user_agent" in value)
    )


def _user_data(value: object) -> str | None:
    """Return a complaint unless the known keys fit and one identity is there."""
    if type(value) is not dict:
        return _wrong_type(value, "object")
    fits = _is_identified(value)
    for key, item in value.items():
        check = USER_DATA.get(key)
        if check is not None and check(item) is not None:
            fits = False
            break
    return None if fits else f"{value!r} is not valid under any of the given schemas"


_APP_INFO: Mapping[str, Check] = {
    **dict.fromkeys(("app_id", "app_name", "app_package_name"), _text_up_to(200)),
    **dict.fromkeys(("app_store", "app_version"), _text_up_to(100)),
    "install_time": _whole_up_to(None),
    "user_agent": _text_up_to(16_384),
    **dict.fromkeys(("window_height", "window_width"), _whole_up_to(30_720)),
}
_DEVICE_TEXTS = (
    "brand",
    "carrier",
    "kernel_version",
    "model",
    "os_name",
    "os_release_name",
    "os_version",
    "type",
)
_DEVICE_GIGABYTES = (
    "storage_size",
    "storage_free_space",
    "external_storage_size",
    "external_storage_free_space",
)
_FORM_FACTORS = (
    *("desktop", "laptop", "cellphone", "tablet", "smartwatch"),
    *("tv", "vr", "console", "other"),
)
_NETWORKS = (
    *("wifi", "cellular_2g", "cellular_3g", "cellular_4g"),
    *("cellular_5g", "cellular_6g", "ethernet", "unknown"),
)
_DEVICE_INFO: Mapping[str, Check] = {
    **dict.fromkeys(_DEVICE_TEXTS, _text_up_to(100)),
    **dict.fromkeys(_DEVICE_GIGABYTES, _whole_up_to(1_048_576)),
    **dict.fromkeys(("screen_height", "screen_width"), _whole_up_to(30_720)),
    "battery_level": _whole_up_to(100),
    "cpu_cores": _whole_up_to(1_152),
    "screen_density": _whole_up_to(100_000),
    "locale": _text_up_to(35),
    "timezone": _text_up_to(40),
    "timezone_abbr": _text_up_to(5),
    "languages": _list_of(_text, most=100),
    "form_factor": _one_of(*_FORM_FACTORS),
    "network_type": _one_of(*_NETWORKS),
    "os_family": _one_of("ios", "android", "macos", "windows", "linux", "bsd", "other"),
}
_CONTENT: Mapping[str, Check] = {
    **dict.fromkeys(
        ("id", "item_price", "item_name", "item_category", "item_brand"), _text
    ),
    "quantity": _whole,
}
_CUSTOM_TEXTS = (
    *("value", "currency", "order_id", "search_string", "content_name"),
    *("content_category", "content_brand", "opt_out_type", "predicted_ltv", "np"),
    "external_measurement_id",
)
_CUSTOM_DATA: Mapping[str, Check] = {
    **dict.fromkeys(_CUSTOM_TEXTS, _text_or_null),
    "content_ids": _texts,
    "num_items": _whole,
    "external_measurement_vendor_id": _whole_or_null,
}
_EVENT_TEXTS = (
    *("event_source_url", "partner_name", "language", "app_id", "app_name"),
    *("app_version", "device_brand", "device_carrier", "device_model", "device_type"),
    "os_version",
)
_EVENT: Mapping[str, Check] = {
    **dict.fromkeys(("event_name", "action_source", "event_id"), _text),
    **dict.fromkeys(_EVENT_TEXTS, _text_or_null),
    **dict.fromkeys(("opt_out", "wifi"), _flag),
    "event_time": _whole,
    "user_data": _user_data,
    "app_info": _closed(_APP_INFO),
    "device_info": _closed(_DEVICE_INFO),
}
_EVENT_REQUIRED = ("event_name", "action_source", "event_time", "user_data", "event_id")


def _request_shape(content: Mapping[str, Check], event: Mapping[str, Check]) -> Check:
    custom_data = {**_CUSTOM_DATA, "contents": _list_of(_closed(content))}
    whole_event = {**_EVENT, **event, "custom_data": _closed(custom_data)}
    events = _list_of(_closed(whole_event, _EVENT_REQUIRED), most=1_000, least=1)
    return _closed({"data": events}, ("data",))


REQUEST_SHAPES: Mapping[str, Check] = {
    "5.23": _request_shape(_CONTENT, {}),
    # What the published schema of December 2025 lacks and the live one has.
    "current": _request_shape(
        {**_CONTENT, "item_brand_id": _text}, {"advertiser_tracking_enabled": _flag}
    ),
}
