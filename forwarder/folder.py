"""Celery's wake-ups on one box: files in a folder, through kombu."""

import os
import time
from itertools import count
from pathlib import Path
from queue import Empty

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

_serial = count()


class _Channel(filesystem.Channel):
    """Wake-ups as files that are there whole or not at all.

    Kombu's own channel writes into the file that a worker may read already: an empty
    one ended the worker process.
    """

    def _put(  # type: ignore[override]  # kombu calls it two names itself
        self, queue: str, payload: object, **_: object
    ) -> None:
        folder = Path(self.data_folder_out)
        name = f"{time.monotonic_ns():020d}-{os.getpid()}-{next(_serial)}.{queue}.msg"
        draft = folder / f"{name}.draft"
        try:
            draft.write_text(dumps(payload))  # type: ignore[no-untyped-call]
            draft.rename(folder / name)
        finally:
            draft.unlink(missing_ok=True)

    def _get(self, queue: str, timeout: object = None) -> object:
        del timeout
        try:
            files = sorted(Path(self.data_folder_in).glob(f"*.{queue}.msg"))
        except OSError:  # no file can be opened: an error here would end the worker
            raise Empty from None
        for file in files:
            try:
                text = file.read_bytes()
                file.unlink()
                return loads(text)  # type: ignore[no-untyped-call]
            except (FileNotFoundError, ValueError):
                continue  # another worker's, or no wake-up: the rows are the truth
        raise Empty

    def _queue_bind(self, *_: object) -> None:
        """Keep no table of exchanges on disk: a message names its queue itself."""


class Folder(filesystem.Transport):
    """Kombu's transport for one box: a folder, and no server."""

    Channel = _Channel


def register() -> None:
    """Let kombu know what `folder://` in a broker's address means."""
    TRANSPORT_ALIASES["folder"] = f"{__name__}:{Folder.__name__}"
