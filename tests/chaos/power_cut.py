"""`python -m tests.chaos.power_cut SYNCHRONOUS`: what a power cut leaves.

Webhooks that were answered are looked for afterwards.

With the setting of the service nothing may be missing; with OFF much must be, or this
way of looking shows nothing. Prints how many were answered and how many are missing.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from forwarder.store import engine, open_store
from forwarder.store.migrate import upgrade
from forwarder.store.schema import notices
from forwarder.store.writer import StoreDown
from tests.chaos import syncs
from tests.store.conftest import KEY
from tests.store.shop import an_event, take

N = 40


def main(synchronous: str) -> None:
    engine.SQLITE_PRAGMAS = (
        *(one for one in engine.SQLITE_PRAGMAS if not one.startswith("synchronous")),
        f"synchronous={synchronous}",
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ[syncs.FOLDER] = name
        syncs.begin()
        answered = _answered(folder)
        left = _left(folder)
    missing = len(answered - left)
    sys.stdout.write(json.dumps({"answered": len(answered), "missing": missing}))


def _answered(folder: Path) -> set[int]:
    store = open_store(f"sqlite:///{folder}/{syncs.PREFIX}", [KEY])
    upgrade(store)
    found = {take(store, an_event(number)).notice_id for number in range(N)}
    after = folder / "after"  # closing syncs too: what counts is how it is now
    shutil.copytree(folder / syncs.COPIES, after)
    store.close()
    return found


def _left(folder: Path) -> set[int]:
    if not (folder / "after" / syncs.PREFIX).exists():
        return set()
    store = open_store(f"sqlite:///{folder}/after/{syncs.PREFIX}", [KEY])
    try:
        with store.read() as connection:
            return set(connection.execute(notices.select()).scalars())
    except StoreDown:  # not even the tables are there
        return set()
    finally:
        store.close()


if __name__ == "__main__":
    main(sys.argv[1])
