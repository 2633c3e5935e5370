"""Where the data keys are written, so that a running service can get a new one."""

import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from dotenv import dotenv_values

from config.settings import FILE_NAME, load
from config.values import Secret, UnusableSettings

_DEFAULT: Final = ["env:FORWARDER_DATA_KEY"]
_BY_HAND: Final = "put a new key before it by hand (docs/privacy.md)"


class NotOurs(Exception):
    """The keys stand where we cannot write; the text says where, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPlace:
    """The file that holds the data keys; `name` is the variable in a `.env`.

    An empty name means that nothing but the keys stands in the file.
    """

    file: Path
    name: str

    def read(self) -> tuple[str, ...]:
        """Return the keys, the first one seals."""
        if self.name:
            text = dotenv_values(self.file, interpolate=False).get(self.name)
        else:
            text = self.file.read_text(encoding="utf-8")
        parts = "" if text is None else text
        return tuple(part.strip() for part in parts.split(",") if part.strip())

    def write(self, keys: Sequence[str]) -> None:
        """Put these keys in the place of those there are. Raises: NotOurs.

        All or nothing: the file is replaced as a whole, once it is on the disk.
        """
        line = ",".join(keys)
        text = f"{line}\n" if not self.name else self._dotenv(line)
        try:
            _replace(self.file, text)
        except OSError as fault:
            raise NotOurs(
                f"{self.file} cannot be written ({fault.strerror}): nothing changed"
            ) from None

    def _dotenv(self, line: str) -> str:
        pattern = re.compile(rf"^(\s*(?:export\s+)?{self.name}\s*=).*$", re.MULTILINE)
        text = self.file.read_text(encoding="utf-8")
        return pattern.sub(lambda found: f"{found[1]}{line}", text, count=1)


def _replace(file: Path, text: str) -> None:
    known = file.stat()
    with NamedTemporaryFile("w", dir=file.parent, delete=False) as fresh:
        try:
            os.fchmod(fresh.fileno(), known.st_mode & 0o777)
            if os.geteuid() == 0:  # the service may run as somebody else
                os.fchown(fresh.fileno(), known.st_uid, known.st_gid)
            fresh.write(text)
            fresh.flush()
            os.fsync(fresh.fileno())
            Path(fresh.name).replace(file)
        except OSError:
            Path(fresh.name).unlink(missing_ok=True)
            raise


def key_place(env: Mapping[str, str]) -> KeyPlace:
    """Return where the first of `data_keys` is written. Raises: NotOurs."""
    file = _settings_file(env)
    base = file.absolute().parent
    beside = {**dotenv_values(base / ".env", interpolate=False), **env}
    if "FORWARDER_DATA_KEYS" in beside:
        raise NotOurs(f"FORWARDER_DATA_KEYS holds the data keys: {_BY_HAND}")
    reference = _references(file)[0]
    kind, _, name = reference.partition(":")
    if kind == "file":
        return KeyPlace(file=base / name, name="")
    if kind != "env":
        raise NotOurs(f"{file.name} holds the data key itself: move it into .env first")
    if name in env:
        raise NotOurs(f"the variable {name} comes from outside: {_BY_HAND}")
    if name not in beside and f"{name}_FILE" in beside:
        return KeyPlace(file=base / str(beside[f"{name}_FILE"]), name="")
    return KeyPlace(file=base / ".env", name=name)


def n_references(env: Mapping[str, str]) -> int:
    """Return how many places `data_keys` names; more than one were set by hand."""
    return len(_references(_settings_file(env)))


def _settings_file(env: Mapping[str, str]) -> Path:
    return Path(env.get("FORWARDER_CONFIG", FILE_NAME))


def _references(file: Path) -> list[str]:
    if not file.is_file():
        return _DEFAULT
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    found = table.get("service", {}).get("data_keys", _DEFAULT)
    return [str(one) for one in found]


def key_watch(env: Mapping[str, str]) -> Callable[[], tuple[Secret, ...] | None]:
    """Return what tells the data keys anew once a file that holds them changed."""
    files = _files(env)
    known = _state(files)

    def changed() -> tuple[Secret, ...] | None:
        nonlocal known
        state = _state(files)
        if state == known:
            return None
        known = state
        try:
            return load(env).service.data_keys
        except UnusableSettings:  # half edited by hand: what was known goes on
            return None

    return changed


def _files(env: Mapping[str, str]) -> list[Path]:
    file = _settings_file(env)
    found = [file, file.absolute().parent / ".env"]
    try:
        return [*found, key_place(env).file]
    except NotOurs:
        return found


def _state(files: Sequence[Path]) -> list[tuple[int, int] | None]:
    return [_stamp(file) for file in files]


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        known = file.stat()
    except OSError:
        return None
    return known.st_mtime_ns, known.st_ino
