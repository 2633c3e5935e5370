"""`forwarder completions`: the shell finishes names and options."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completions(context: click.Context, shell: str) -> None:
    """Print what the shell needs.

    Example: forwarder completions bash >> ~/.bashrc
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"{shell} is not supported by this click")
    root = context.find_root().command
    click.echo(kind(root, {}, "forwarder", "_FORWARDER_COMPLETE").source())
