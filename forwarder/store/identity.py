"""What a sealed value is bound to: moved to another row it does not open."""


def notice_identity(endpoint: str, delivery_key: str) -> str:
    """Return the identity of a notice."""
    return f"notice\n{endpoint}\n{delivery_key}"


def delivery_identity(destination: str, kind: str, event_id: str) -> str:
    """Return the identity of a delivery's event."""
    return f"event\n{destination}\n{kind}\n{event_id}"


def payload_identity(destination: str, kind: str, event_id: str) -> str:
    """Return the identity of the clear part of a payload: IP and user agent."""
    return f"payload\n{destination}\n{kind}\n{event_id}"


def click_identity(click_id: str) -> str:
    """Return the identity of what a click brought, as `forwarder.clicks` writes it."""
    return f"click:{click_id}"
