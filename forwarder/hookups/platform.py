"""What setting up webhooks needs to know of one platform."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from forwarder.asking import Api, Caller
from forwarder.core import reading as read

NAME: Final = "Pinterest conversions"  # how a webhook of ours is called over there


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook as the platform keeps it."""

    id: str
    url: str
    topics: tuple[str, ...]


def hook(row: Mapping[str, object], url: str, topics: str) -> Hook:
    """Return a webhook; `url` and `topics` are what the platform calls the two."""
    told = row.get(topics)
    return Hook(
        read.text(row.get("id")) or "",
        read.text(row.get(url)) or "",
        read.texts(*(told if isinstance(told, list) else [told])),
    )


@dataclass(frozen=True, slots=True)
class Added:
    """A webhook that was set up. `secret` is empty unless the platform made one."""

    id: str
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """How webhooks are listed, set up and removed by one platform's API.

    Shape: `topics` is what we ask for. `is_joint`: one webhook holds them all.
    `signed_by` tells whose secret: `ours` to choose, `theirs` and told once, or that of
    the `app`, which the operator has. The functions raise NoAnswer.
    """

    api: Api
    topics: tuple[str, ...]
    is_joint: bool
    signed_by: Literal["ours", "theirs", "app"]
    listed: Callable[[Caller], list[Hook]]
    add: Callable[[Caller, str, tuple[str, ...], str], Added]
    remove: Callable[[Caller, str], None]


def added(row: Mapping[str, object]) -> Added:
    """Return what was set up, with the secret if the platform made one."""
    return Added(read.text(row.get("id")) or "", read.text(row.get("secret")) or "")


def api(name: str) -> Api:
    """Return what is said of one platform's refusals."""
    return Api(
        name=name,
        lacking="webhooks not set up",
        never={
            401: f"{name} does not know the api_key",
            403: f"the api_key may not manage webhooks at {name}",
            404: f"{name} knows no such webhook or address: check api_url",
            422: f"{name} refused the address or a topic: it must be public https",
        },
    )
