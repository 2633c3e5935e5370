"""Who may call a route, declared beside it: a test reads all of them.

`anyone` asks for nothing, or has a proof of its own in the request; `viewer`,
`operator` and `admin` are roles of the console; the scopes of API keys are their own.
"""

from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

RULE: Final = "forwarder_rule"
ANYONE: Final = "anyone"

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def declare(
    view: Callable[Parameters, Result], rule: str
) -> Callable[Parameters, Result]:
    """Return the view, with who may call it written on it."""
    setattr(view, RULE, rule)
    return view


def anyone(view: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Let everybody in: the view itself looks at what is in the request."""
    return declare(view, ANYONE)
