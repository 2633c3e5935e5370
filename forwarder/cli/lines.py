"""A delivery as a line of the terminal."""

from forwarder.store.log import Line
from forwarder.wiring import Wired


def only_destination(wired: Wired) -> str | None:
    """Return the destination that goes without saying; None when there are several."""
    names = [one.name for one in wired.destinations.values()]
    return names[0] if len(names) == 1 else None


def line_text(line: Line, *, has_destination: bool) -> str:
    """Return when it came, what became of it, what it is and where it is from."""
    to = f"{line.destination:<18}" if has_destination else ""
    why = f" ({line.reason})" if line.reason else ""
    return (
        f"{line.received_at:%Y-%m-%d %H:%M:%S}Z  {line.status.value + why:<28}"
        f"{line.kind:<18}{line.source:<18}{to}{line.event_id}"
    )
