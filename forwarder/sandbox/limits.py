"""Call limits as an Envoy proxy keeps them: fixed windows, aligned to the clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from math import ceil
from threading import Lock

from forwarder.sandbox.options import SandboxOptions

_MANY_KEYS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A published limit: `limit` calls of one key per `window_s`."""

    name: str
    limit: int
    window_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What is left of a limit after a call was counted against it."""

    rule: Rule
    is_exceeded: bool
    remaining: int
    reset_s: int

    def headers(self) -> dict[str, str]:
        """Return the three headers that every answer carries."""
        rule = self.rule
        policy = f'{rule.limit};w={rule.window_s};name="{rule.name}"'
        return {
            "X-RateLimit-Limit": f"{rule.limit}, {policy}",
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset_s),
        }


class Limits:
    """Counts calls per rule and key. Safe to use from several threads."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self._lock = Lock()
        self._windows: dict[tuple[str, str], tuple[int, int]] = {}

    def take(self, rule: Rule, key: str, now_s: float) -> Allowance:
        """Count one call and return what is left. Units: epoch seconds."""
        window = int(now_s // rule.window_s)
        with self._lock:
            started, used = self._windows.get((rule.name, key), (window, 0))
            used = used + 1 if started == window else 1
            if len(self._windows) > _MANY_KEYS:
                self._windows.clear()
            self._windows[rule.name, key] = (window, used)
        return Allowance(
            rule=rule,
            is_exceeded=used > rule.limit,
            remaining=max(0, rule.limit - used),
            reset_s=max(1, ceil((window + 1) * rule.window_s - now_s)),
        )


def retry_after(
    options: SandboxOptions, allowance: Allowance, now_s: float
) -> Mapping[str, str]:
    """Return the Retry-After header of a 429 in the form the options ask for."""
    match options.retry_after:
        case "seconds":
            return {"Retry-After": str(allowance.reset_s)}
        case "date":
            # One second more, since an HTTP date cannot say fractions.
            at = datetime.fromtimestamp(int(now_s) + allowance.reset_s + 1, UTC)
            return {"Retry-After": format_datetime(at, usegmt=True)}
        case _:
            return {}
