"""Faults that a test or a demo orders: parsed, queued, handed out one by one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any, Literal, NamedTuple

Target = Literal["events", "reports"]
_REQUIRED = object()


class BadFault(ValueError):
    """The order cannot be read; the text says which field must be what."""


class _Field(NamedTuple):
    words: str  # completes "must be ..."
    fits: Callable[[Any], bool]
    default: object = _REQUIRED


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _is_text_map(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(key, str) and isinstance(text, str) for key, text in value.items()
    )


def _one_of(*words: object, default: object) -> _Field:
    names = ", ".join(repr(word) for word in words)
    return _Field(f"one of {names}", lambda value: value in words, default)


def _count(default: int) -> _Field:
    words = "a whole number from 1 to 100000"
    return _Field(words, lambda value: _is_whole(value, 1, 100_000), default)


def _text(default: str) -> _Field:
    return _Field("a text", lambda value: isinstance(value, str), default)


def _flag() -> _Field:
    return _Field("true or false", lambda value: isinstance(value, bool), default=False)


def _status(default: object = _REQUIRED) -> _Field:
    words = "a whole number from 200 to 599"
    return _Field(words, lambda value: _is_whole(value, 200, 599), default)


_SECONDS = _Field(
    "a number of seconds from 0 to 3600",
    lambda value: _is_number(value) and 0 <= value <= 3_600,  # noqa: PLR2004
)
_SHARE = _Field(
    "a share from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1
)
_BODY = _Field(
    "a text, an object or null",
    lambda value: value is None or isinstance(value, str | dict | list),
    None,
)
_HEADERS = _Field("an object of texts", _is_text_map, {})
_WHEN = _one_of("before", "after", default="before")

KINDS: Mapping[str, Mapping[str, _Field]] = {
    "http": {
        "status": _status(),
        "headers": _HEADERS,
        "body": _BODY,
        "when": _WHEN,
        "bare": _flag(),
        "failure_status": _flag(),
    },
    "html": {"status": _status(502), "when": _WHEN},
    "redirect": {
        "status": _status(302),
        "location": _text("https://example.org/elsewhere"),
    },
    "hang_before_accept": {"seconds": _SECONDS},
    "hang_after_accept": {"seconds": _SECONDS},
    "drop_connection": {
        "when": _one_of("before", "after", "mid_body", default="before")
    },
    "slow": {"seconds": _SECONDS, "drip": _flag()},
    "fail_events": {
        "share": _SHARE,
        "message": _text("This event could not be processed."),
        "status": _one_of(200, 422, None, default=None),
    },
    "truncate_events": {"n": _count(1)},
    "extra_events": {"n": _count(1)},
    "empty_events": {},
    "no_events": {},
    "wrong_counts": {},
    "messages": {"value": _one_of("", None, "absent", default="")},
    "content_type": {"value": _text("text/plain")},
}
_COMMON: Mapping[str, _Field] = {
    "times": _Field(
        "a whole number from 1 to 1000000, or null for until cleared",
        lambda value: value is None or _is_whole(value, 1, 1_000_000),
        1,
    ),
    "on": _one_of("events", "reports", default="events"),
}


@dataclass(slots=True)
class Fault:
    """One order. `left` None lasts until the faults are cleared."""

    kind: str
    on: str
    left: int | None
    args: Mapping[str, Any]
    released: Event = field(default_factory=Event)  # set when faults are cleared
    _owed: float = 0.0

    def as_json(self) -> dict[str, object]:
        """Return the order as it was given, with the times that are left."""
        return {"fault": self.kind, **self.args, "times": self.left, "on": self.on}

    def wait(self, seconds: float) -> None:
        """Hang for this long, or until the faults are cleared."""
        self.released.wait(seconds)

    def pick(self, n_events: int) -> frozenset[int]:
        """Return which of the next events fail: exactly `share` of them over time."""
        picked = set()
        for index in range(n_events):
            self._owed += self.args["share"]
            if self._owed >= 1 - 1e-9:  # ten times 0.1 must make one
                self._owed -= 1
                picked.add(index)
        return frozenset(picked)


def parse_faults(body: object) -> list[Fault]:
    """Return the ordered faults. Raises: BadFault, naming the first wrong field."""
    if not isinstance(body, list):
        raise BadFault("The body must be a list of faults.")
    return [_parse(order, place) for place, order in enumerate(body, start=1)]


def _parse(order: object, place: int) -> Fault:
    if not isinstance(order, dict) or not isinstance(order.get("fault"), str):
        raise BadFault(f"Fault {place} must be an object with a 'fault' name.")
    kind = order["fault"]
    if kind not in KINDS:
        known = ", ".join(sorted(KINDS))
        raise BadFault(f"Fault {place}: {kind!r} is not one of {known}.")
    where = f"Fault {place} ({kind})"
    fields = {**KINDS[kind], **_COMMON}
    unknown = sorted(order.keys() - fields.keys() - {"fault"})
    if unknown:
        raise BadFault(f"{where}: {unknown[0]!r} is not a field of this fault.")
    args = {name: _value(order, name, spec, where) for name, spec in fields.items()}
    return Fault(kind=kind, on=args.pop("on"), left=args.pop("times"), args=args)


def _value(order: Mapping[str, Any], name: str, spec: _Field, where: str) -> Any:  # noqa: ANN401 - JSON
    if name not in order:
        if spec.default is _REQUIRED:
            raise BadFault(f"{where}: {name!r} is missing, it must be {spec.words}.")
        return spec.default
    if not spec.fits(order[name]):
        raise BadFault(f"{where}: {name!r} must be {spec.words}.")
    return order[name]


class Faults:
    """The queue of orders, consumed in order. Safe to use from several threads."""

    def __init__(self) -> None:
        """Start with none."""
        self._lock = Lock()
        self._queue: list[Fault] = []
        self._cleared = Event()

    def add(self, faults: Sequence[Fault]) -> None:
        """Append orders to the queue."""
        with self._lock:
            for fault in faults:
                fault.released = self._cleared
            self._queue.extend(faults)

    def take(self, on: Target) -> Fault | None:
        """Return the fault that this call must suffer, if any is ordered for it."""
        with self._lock:
            fault = next((fault for fault in self._queue if fault.on == on), None)
            if fault is not None and fault.left is not None:
                fault.left -= 1
                if fault.left == 0:
                    self._queue.remove(fault)
            return fault

    def pick(self, fault: Fault, n_events: int) -> frozenset[int]:
        """Return which events of a batch a `fail_events` order fails."""
        with self._lock:
            return fault.pick(n_events)

    def pending(self) -> list[dict[str, object]]:
        """Return what is still to come, next first."""
        with self._lock:
            return [fault.as_json() for fault in self._queue]

    def clear(self) -> None:
        """Drop all orders and let go of every call that hangs."""
        with self._lock:
            self._queue.clear()
            self._cleared.set()
            self._cleared = Event()
