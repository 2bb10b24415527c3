"""`ad-metrics`: arguments in, exit codes out. One file for what belongs together.

Exit codes: 0 done, 1 refused, 2 wrong usage or settings, 3 the database is away.
"""

import sys

import typer

from project import logs
from project.cli import check, db, demo, export, keys, load
from project.cli.exits import USAGE
from project.settings import SettingsError, get_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="A reporting service over daily advertising facts.")
app.command()(demo.demo)
app.command(name="load")(load.load_files)
app.command(name="load-requested", hidden=True)(load.load_requested_over_http)
app.command()(load.loads)
app.command()(export.export)
app.command()(check.check)
app.command()(check.heartbeat)
app.command()(check.doctor)
app.add_typer(check.rollups, name="rollups")
app.add_typer(keys.app, name="keys")
app.add_typer(db.app, name="db")


def main() -> None:
    """Run the command line; the entry point of the distribution."""
    try:
        settings = get_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        sys.exit(USAGE)
    logs.configure(settings.log_level, settings.log_format)
    app()
