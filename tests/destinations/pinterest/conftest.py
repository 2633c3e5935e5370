"""A platform to talk to and a destination that talks to it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from forwarder.core.bucket import Bucket
from forwarder.destinations.pinterest import PinterestDestination
from tests.destinations.pinterest.people import settings
from tests.destinations.pinterest.wire import Platform, running

Make = Callable[..., PinterestDestination]


@pytest.fixture
def platform() -> Iterator[Platform]:
    with running() as found:
        yield found


@pytest.fixture
def make(platform: Platform) -> Iterator[Make]:
    """Make destinations at the platform; all their connections close in the end."""
    with ExitStack() as stack:

        def build(
            bucket: Bucket | None = None,
            **chosen: Any,  # noqa: ANN401
        ) -> PinterestDestination:
            told = settings(**({"base_url": platform.url} | chosen))
            found = PinterestDestination("main", told, bucket=bucket or Bucket(10**9))
            stack.callback(found.close)
            return found

        yield build
