"""How the doors reach Celery's broker: the same words for publisher and worker."""

from pathlib import Path
from typing import Any

QUEUE = "forwarder"
ONE_BOX_URL = "folder://localhost/"  # kombu warns without a host
POLL_S = 0.1  # a wake-up in the folder is seen after 50 ms at the median
HEARTBEAT_S = 8
CONNECT_S = 4
CONFIRM_S = 1


def is_one_box(broker_url: str) -> bool:
    """Say whether wake-ups go through a folder instead of a server."""
    return not broker_url


def folders(data_dir: Path) -> tuple[Path, Path]:
    """Return where wake-ups lie and where the transport keeps its exchanges."""
    return data_dir / "broker" / "queue", data_dir / "broker" / "control"


def transport(broker_url: str, data_dir: Path) -> dict[str, Any]:
    """Return broker address and transport options for both sides."""
    if is_one_box(broker_url):
        from forwarder import folder  # noqa: PLC0415  kombu: not for the web's start

        folder.register()
        queue, control = folders(data_dir)
        for each in (queue, control):
            each.mkdir(parents=True, exist_ok=True)
        options: dict[str, Any] = {
            "data_folder_in": str(queue),
            "data_folder_out": str(queue),
            "control_folder": str(control),
            "store_processed": False,
            "polling_interval": POLL_S,
        }
        return {"broker_url": ONE_BOX_URL, "broker_transport_options": options}
    return {
        "broker_url": broker_url,
        "broker_transport_options": _server_options(broker_url),
        # RabbitMQ only: a peer that is silent for two beats is given up.
        "broker_heartbeat": HEARTBEAT_S,
        "broker_connection_timeout": CONNECT_S,
    }


def _is_redis(broker_url: str) -> bool:
    return broker_url.startswith(("redis", "valkey"))


def _server_options(broker_url: str) -> dict[str, Any]:
    if not _is_redis(broker_url):
        return {"read_timeout": 10, "write_timeout": 5}
    return {
        "visibility_timeout": 600,
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 5,
        "retry_on_timeout": True,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "global_keyprefix": "forwarder:",
    }


def hurried(broker_url: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return the publisher's options: it gives up at once, the beat makes up for it.

    RabbitMQ has to confirm: a message that goes into a dead connection would else be
    lost without a word, and so would the next.
    """
    if not _is_redis(broker_url):
        slow = {"read_timeout": CONFIRM_S, "write_timeout": CONFIRM_S}
        return {**options, **slow, "confirm_publish": True}
    quick = {"socket_connect_timeout": 0.2, "socket_timeout": 0.2, "max_retries": 0}
    return {**options, **quick, "retry_on_timeout": False}
