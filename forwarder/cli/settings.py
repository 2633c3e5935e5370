"""`forwarder settings`: what is in force, and where it comes from."""

from itertools import groupby

import click

from config.shown import Ahead, shown
from forwarder.cli.common import json_option, print_json, settings_or_exit
from forwarder.web.shapes_desk import sheet_json


@click.command()
@click.option("--all", "with_defaults", is_flag=True, help="Also what nobody set.")
@json_option
def settings(*, with_defaults: bool, as_json: bool) -> None:
    """Show the settings as they are read now; of secrets only whether they are set.

    Example: forwarder settings --all
    """
    found = settings_or_exit(is_unfinished=True)
    rows = list(shown(found))
    file = "" if found.file is None else str(found.file.absolute())
    if as_json:
        print_json(sheet_json(rows, file, found.doubts, Ahead()))
        return
    click.echo(f"read from {file or 'no file: only defaults and the environment'}")
    for table, members in groupby(rows, key=lambda row: row.table):
        wanted = [one for one in members if with_defaults or not one.is_default]
        if wanted:
            click.echo(f"\n[{table}]")
        for one in wanted:
            unit = f" {one.unit}" if one.unit and not one.is_secret else ""
            click.echo(f"  {one.key} = {one.value}{unit}  ({one.origin})")
    for doubt in found.doubts:
        click.echo(f"doubt: {doubt}", err=True)
