"""The settings while `forwarder serve --sandbox` runs: nothing reaches Pinterest."""

from dataclasses import replace

from config.settings import PLACEHOLDER, Settings
from config.values import Secret


def sandboxed(settings: Settings, sandbox_url: str | None) -> Settings:
    """Return the settings with every destination led to the sandbox, if there is one.

    A real token then stays here; what `init` wrote is none, and `doctor` says so.
    """
    if sandbox_url is None:
        return settings
    fakes = {
        name: replace(
            found,
            base_url=sandbox_url,
            token=_mock(found.token, name),
            report_token=Secret("sandbox"),
            drop_reserved_domains=False,  # the samples' people live at example.com
        )
        for name, found in settings.destinations.items()
    }
    kpi = settings.kpi
    if kpi.token:
        kpi = replace(kpi, token=Secret("sandbox"), base_url=sandbox_url)
    return replace(settings, destinations=fakes, kpi=kpi)


def _mock(token: Secret, name: str) -> Secret:
    return token if token.startswith(PLACEHOLDER) else Secret(f"sandbox-{name}")
