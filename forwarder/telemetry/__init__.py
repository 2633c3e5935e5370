"""What the program says about itself: one JSON line per event, and Sentry.

Everything passes one gate (`redact`) before it is written or sent: no address, phone,
IP, token or secret leaves in clear. Doors call `setup` once; everybody else asks
`structlog.get_logger()` and logs a short sentence with facts as keywords.
"""

from forwarder.telemetry import logs


def setup(role: str, level: str, sentry_dsn: str = "", release: str = "") -> None:
    """Send the logs of this process to standard error, and its faults to Sentry.

    `role` (web, worker, beat, cli) stands in every line. Lines at `error` and above
    also go to Sentry, if there is an address. Calling it again replaces the first.
    """
    if not sentry_dsn:
        logs.start(role, level)
        return
    from forwarder.telemetry import sentry  # noqa: PLC0415  5 MB, for those who use it

    sentry.start(sentry_dsn, release, role)
    logs.start(role, level, sentry.report)
