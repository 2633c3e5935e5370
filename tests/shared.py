"""What others published, where it lies beside the checkout: extra checks only.

The gate is whole without them. With CI set they must be there or be declined, by
`FORWARDER_SHARED=none`, so that nobody takes a run without them for one with them.
"""

import json
import os
from pathlib import Path
from typing import Any, Final

from tests.servers import skip_or_fail

NAME: Final = "FORWARDER_SHARED"
DECLINED: Final = "none"
GIVEN: Final = os.environ.get(NAME, "")
SHARED: Final = Path(GIVEN or Path(__file__).parents[2] / "shared")
SUBSET: Final = SHARED / "reference" / "pinterest-openapi-subset.json"
WEBHOOKS: Final = SHARED / "fixtures" / "webhooks"
_SIGNATURES: Final = SHARED / "fixtures" / "signatures.json"
_ABSENT: Final = {"id": "absent", "scheme": "absent", "valid": True, "url": "absent"}
_SENTENCE: Final = (
    "the platforms' published samples and schemas are not beside this checkout: these "
    f"checks are extra. Set {NAME} to their folder, or to `{DECLINED}` to go without"
)


def need_shared() -> None:
    """Skip the test in words where there is nothing; with CI set, fail it."""
    if not SHARED.is_dir():
        skip_or_fail(_SENTENCE, is_declined=GIVEN == DECLINED)


def vectors() -> list[dict[str, Any]]:
    """Return the published signatures; one that stands for all where there are none."""
    if not _SIGNATURES.is_file():
        return [dict(_ABSENT)]
    found: list[dict[str, Any]] = json.loads(_SIGNATURES.read_text())["vectors"]
    return found
