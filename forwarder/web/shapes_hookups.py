"""The JSON of an endpoint's webhooks at its platform: alike in API and commands."""

from typing import Any

from forwarder.hookups import Plan


def plan_json(name: str, url: str, found: Plan) -> dict[str, Any]:
    """Return which webhooks lead to an endpoint, and what is missing."""
    return {
        "endpoint": name,
        "url": url,
        "there": [{"id": hook.id, "topics": hook.topics} for hook in found.ours],
        "missing": [topic for topics in found.missing for topic in topics],
        "lacking": list(found.lacking),
    }
