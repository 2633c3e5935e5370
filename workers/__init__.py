"""The worker door: Celery carries wake-ups; what is done stands in `forwarder`."""
