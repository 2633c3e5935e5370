"""Turn a TOML table and the environment into one frozen dataclass, or into faults."""

import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import (
    Any,
    Final,
    Literal,
    TypeVar,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from config.values import (
    Origin,
    Secret,
    Table,
    Told,
    Unfit,
    references,
    told_of,
)

_YES: Final = frozenset({"true", "1", "yes", "on"})
_NO: Final = frozenset({"false", "0", "no", "off"})
_Shape = TypeVar("_Shape")


@dataclass(slots=True, kw_only=True)
class Reader:
    """Reads groups of settings and remembers every fault and doubt on the way."""

    env: Mapping[str, str] = field(repr=False)
    base: Path
    faults: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    origins: dict[str, Origin] = field(default_factory=dict)

    def table(
        self, table: Mapping[str, object], key: str, where: str = ""
    ) -> Mapping[str, object]:
        """Return the table under `key`, empty when it is absent or no table."""
        found = table.get(key, {})
        if isinstance(found, Mapping):
            return found
        self._fault(f"[{where or key}] must be a table.")
        return {}

    def group(
        self, shape: type[_Shape], table: Mapping[str, object], where: str
    ) -> _Shape | None:
        """Return one dataclass, or None when a fault was found in it."""
        settings = {setting.name: setting for setting in fields(cast("Any", shape))}
        n_before = len(self.faults)
        for key in table:
            if key not in settings:
                self._fault(f"{where}.{key} is not known{suggestion(key, settings)}")
        hints = get_type_hints(shape)
        values = {
            name: self._setting(setting, hints[name], table, where)
            for name, setting in settings.items()
        }
        return shape(**values) if len(self.faults) == n_before else None

    def _setting(
        self,
        setting: "Field[Any]",
        hint: object,
        table: Mapping[str, object],
        where: str,
    ) -> object:
        told = told_of(setting)
        key = f"{where}.{setting.name}"
        try:
            raw, key, origin = self._raw(setting, table, where)
            found = replace(origin, reference=references(hint, raw))
            self.origins[f"{where}.{setting.name}"] = found
            value = self._convert(hint, raw, key)
            _bounds(value, told)
            return value if told.check is None else told.check(value)
        except Unfit as fault:
            self._fault(f"{key} {fault}.{_example(setting, told)}")
            return None

    def _raw(
        self,
        setting: "Field[Any]",
        table: Mapping[str, object],
        where: str,
    ) -> tuple[object, str, Origin]:
        """Return the value as written, the key a fault should name, and its origin."""
        key = f"{where}.{setting.name}"
        if where == "service":
            name = variable(setting)
            found = self._variable(name)
            if found is not None:
                return found, f"{name} ({key})", Origin("variable", name)
        if setting.name in table:
            return table[setting.name], key, Origin("file")
        if setting.default is MISSING:
            raise Unfit("is missing")
        return setting.default, key, Origin("default")

    def _variable(self, name: str) -> str | None:
        """Return what a variable holds, or the file that NAME_FILE names."""
        self.asked |= {name, f"{name}_FILE"}
        if name in self.env:
            return self.env[name]
        file = self.env.get(f"{name}_FILE")
        return None if file is None else self._content(file)

    def _content(self, file: str) -> str:
        try:
            return (self.base / file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise Unfit(f"asks for the file {file}, which cannot be read") from None

    def _convert(self, hint: object, raw: object, key: str) -> object:
        if get_origin(hint) is tuple:
            inner = get_args(hint)[0]
            return tuple(self._convert(inner, one, key) for one in _parts(raw))
        if get_origin(hint) is Literal:
            return _choice(raw, get_args(hint))
        if hint is Table:
            return self._inner(raw)
        if hint in _PLAIN:
            return _PLAIN[hint](raw)
        text = _text(raw)
        return self.secret(text, key) if hint is Secret else text

    def _inner(self, raw: object) -> Table:
        """Return a table that stands in the settings or in a file of its own."""
        if isinstance(raw, Table):
            return raw
        if isinstance(raw, Mapping):
            return Table(raw)
        file = _text(raw)
        try:
            return Table(tomllib.loads(self._content(file)) if file else {})
        except tomllib.TOMLDecodeError as fault:
            raise Unfit(f"names {file}, which is not TOML: {fault}") from None

    def secret(self, text: str, key: str) -> Secret:
        """Return what a reference leads to; a secret written in clear is doubted.

        Raises: Unfit.
        """
        kind, _, name = text.partition(":")
        if kind == "file":
            return Secret(_filled(self._content(name), f"finds {name} empty"))
        if kind != "env":
            self._doubt_clear(text, key)
            return Secret(text)
        found = self._variable(name)
        if found is None:
            raise Unfit(
                f"asks for the environment variable {name}, which is not set; set it, "
                f"put it into .env beside the settings, or name a file by {name}_FILE"
            )
        return Secret(_filled(found, f"finds the environment variable {name} empty"))

    def _doubt_clear(self, text: str, key: str) -> None:
        is_plain_address = "://" in text and "@" not in text
        if text and not is_plain_address and not key.endswith(")"):
            self.doubts.append(
                f'{key} stands in the settings file in clear; write "env:NAME" or '
                '"file:PATH" instead.'
            )

    def stray(self, prefix: str) -> Iterator[str]:
        """Doubt variables that nobody asked for and that look like one of ours."""
        for name in sorted(self.env):
            near = get_close_matches(name, self.asked, n=1, cutoff=0.9)
            if name.startswith(prefix) and name not in self.asked and near:
                yield f"{name} is not read; did you mean {near[0]}?"

    def _fault(self, sentence: str) -> None:
        self.faults.append(sentence)


def variable(setting: "Field[Any]") -> str:
    """Return the environment variable that wins over a key of [service]."""
    return told_of(setting).env or f"FORWARDER_{setting.name.upper()}"


def suggestion(word: str, known: Collection[str]) -> str:
    """Return the end of a sentence: the nearest known word, or all of them."""
    near = get_close_matches(word, list(known), n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known: {', '.join(sorted(known))}." if known else "."


def toml(value: object) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(toml(one) for one in value)}]"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Table):
        return '""'
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def example(setting: "Field[Any]", told: Told) -> str:
    """Return `key = value` as an operator may copy it."""
    is_list = str(setting.type).startswith("tuple")
    if told.example:
        shown: object = (told.example,) if is_list else told.example
    else:
        shown = setting.default
    return f"{setting.name} = {toml(shown)}"


def _example(setting: "Field[Any]", told: Told) -> str:
    mend = f" {told.mend}" if told.mend else ""
    return f"{mend} Example: {example(setting, told)}"


def _parts(raw: object) -> Iterator[object]:
    """Yield the members of a list; a variable holds them with commas between."""
    if isinstance(raw, str):
        yield from (part.strip() for part in raw.split(",") if part.strip())
    elif isinstance(raw, list | tuple):
        yield from raw
    else:
        raise Unfit("must be a list of texts")


def _choice(raw: object, choices: tuple[str, ...]) -> str:
    if raw not in choices:
        raise Unfit(f"must be one of {', '.join(choices)}")
    return raw


def _boolean(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    word = raw.lower() if isinstance(raw, str) else ""
    if word in _YES | _NO:
        return word in _YES
    raise Unfit("must be true or false")


def _whole(raw: object) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.isascii() and raw.lstrip("-").isdigit():
        return int(raw)
    raise Unfit("must be a whole number")


def _text(raw: object) -> str:
    """Return a text; a whole number keeps its digits, as account ids are written."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw)
    if not isinstance(raw, str):
        raise Unfit("must be a text")
    if not raw.isprintable():
        raise Unfit("holds a line break or another character that is not shown")
    return raw


def _path(raw: object) -> Path:
    return Path(_text(str(raw))).expanduser()


_PLAIN: Final[Mapping[object, Callable[[object], object]]] = {
    bool: _boolean,
    int: _whole,
    Path: _path,
}


def _filled(text: str, otherwise: str) -> str:
    if not text:
        raise Unfit(otherwise)
    return text


def _bounds(value: object, told: Told) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        return
    if told.least is not None and value < told.least:
        raise Unfit(f"must be at least {told.least}{_unit(told)}")
    if told.most is not None and value > told.most:
        raise Unfit(f"must be at most {told.most}{_unit(told)}")


def _unit(told: Told) -> str:
    return f" {told.unit}" if told.unit else ""
