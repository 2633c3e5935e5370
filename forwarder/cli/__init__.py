"""The command line door. Each command lives in a module that is imported on use.

`forwarder serve` stays resident as a supervisor: importing all the others for it
would cost 60 MB.
"""

from importlib import import_module

import click

from forwarder import __version__
from forwarder.cli.examples import with_examples

BAD_NEWS = 1
COMMANDS = {
    "alerts": "forwarder.cli.alerts:alerts_",
    "api-key": "forwarder.cli.admin:api_key",
    "audit": "forwarder.cli.audit:audit_",
    "audit-log": "forwarder.cli.audit_log:audit_log",
    "beat": "forwarder.cli.working:beat",
    "completions": "forwarder.cli.completions:completions",
    "db": "forwarder.cli.db:db",
    "demo": "forwarder.cli.demo:demo",
    "destinations": "forwarder.cli.destinations:destinations",
    "doctor": "forwarder.cli.doctor:doctor",
    "erase": "forwarder.cli.erase:erase",
    "events": "forwarder.cli.events:events",
    "experiments": "forwarder.cli.experiments:experiments",
    "explain": "forwarder.cli.explain:explain",
    "import-missing": "forwarder.cli.missing:import_missing",
    "import": "forwarder.cli.imports:import_",
    "init": "forwarder.cli.init:init",
    "jobs": "forwarder.cli.jobs:jobs",
    "keys": "forwarder.cli.keys:keys",
    "ledger": "forwarder.cli.ledger:ledger",
    "overview": "forwarder.cli.overview:overview",
    "pull": "forwarder.cli.pull:pull",
    "links": "forwarder.cli.links:links",
    "listen": "forwarder.cli.listen:listen",
    "kpi": "forwarder.cli.kpi:kpi",
    "quality": "forwarder.cli.quality:quality",
    "reconcile": "forwarder.cli.report:reconcile",
    "sandbox": "forwarder.cli.roles:sandbox",
    "serve": "forwarder.cli.serve:serve",
    "settings": "forwarder.cli.settings:settings",
    "snippet": "forwarder.cli.snippet:snippet",
    "trigger": "forwarder.cli.trigger:trigger",
    "user": "forwarder.cli.admin:user",
    "verify": "forwarder.cli.verify:verify",
    "web": "forwarder.cli.roles:web",
    "webhooks": "forwarder.cli.register:webhooks",
    "worker": "forwarder.cli.working:worker",
}


class _LazyGroup(click.Group):
    """Imports a command when it is called or its help is shown."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name; None when there is none."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return with_examples(command, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a database that is of no use is bad news, not a trace."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            from forwarder.store.writer import (  # noqa: PLC0415  60 MB
                StoreDown,
                StoreUnfit,
            )

            if not isinstance(error, StoreDown):
                raise
            hint = "" if isinstance(error, StoreUnfit) else ": see `forwarder doctor`"
            click.echo(f"{error}{hint}", err=True)
            raise SystemExit(BAD_NEWS) from None


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
)
@click.version_option(__version__, prog_name="forwarder")
def main() -> None:
    """Tell Pinterest, from the server, about every sale and sign-up the tag missed.

    Start with `forwarder init`, then `forwarder serve`. Exit codes: 0 fine, 1 the
    answer is bad news, 2 wrong usage or settings.
    """
