"""`ad-metrics`: one file for each group of commands, imported when one of them runs.

What `--help` and completion do without is imported in functions: with settings and log, they would take twice as long.

Exit codes: 0 done, 1 refused, 2 invalid usage or settings, 3 the database is unavailable, 4 an unexpected error, whose
traceback is in a file that the message names, 130 interrupted.
"""

import sys
from contextlib import nullcontext
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from project.cli.exit_codes import USAGE, interruptible, print_error, print_unexpected
from project.errors import AdMetricsError, SettingsError


class Entry(NamedTuple):
    """The file of a command, and its line in `--help`. A command without one is hidden."""

    file: str
    summary: str = ""


COMMANDS = {
    "demo": Entry("demo", "Set everything up, load sample data where there is none, and serve: for a first look."),
    "load": Entry("load", "Load exports: facts are inserted, or replaced where the database has other numbers."),
    "load-in-background": Entry("load_in_background"),
    "loads": Entry("loads", "List what has been loaded."),
    "export": Entry(
        "export", "Write rows or a report to a file, or a report as a picture; the file's ending says the format."
    ),
    "check": Entry(
        "check", "Check rollups against facts, and labels, partitions and data versions; exit 1 where one is wrong."
    ),
    "heartbeat": Entry(
        "heartbeat", "Write a heartbeat now; with --check, report whether the service still writes them."
    ),
    "doctor": Entry(
        "doctor",
        "Check settings, access, disks, logs, database, partitions and heartbeat; exit 1 where something fails.",
    ),
    "rollups": Entry("check", "The sums that reports read."),
    "keys": Entry("keys", "The keys of the API."),
    "views": Entry("views", "Views of the page, saved under names."),
    "subscribe": Entry(
        "subscriptions", "Send a view on a schedule: by mail, or to a webhook, whose secret is printed once."
    ),
    "subscriptions": Entry("subscriptions", "List the subscriptions; pause, resume or remove one."),
    "deliveries": Entry("subscriptions", "Show what was sent, what is still to be sent, and what failed, and why."),
    "deliver": Entry("subscriptions", "Send a view by mail, once, now."),
    "db": Entry("db", "The database: its tables, and the embedded server."),
    "distribute": Entry(
        "distribute",
        "Distribute facts, rollups and ledger over the servers of Citus, by day; a second run changes nothing.",
    ),
}
"""All commands, in the order of `--help`."""


class Commands(TyperGroup):
    """The commands of all files; help and completion list them without importing one."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, (_, summary) in COMMANDS.items():
            self.add_command(TyperCommand(name, help=summary, hidden=not summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the file of the command that the arguments name."""
        name, command, arguments = super().resolve_command(ctx, args)
        if name is not None:
            with interruptible(lambda: "Interrupted; nothing was loaded.") if name == "load" else nullcontext():
                command = get_command(import_module(f"project.cli.{COMMANDS[name].file}").app)
            command = getattr(command, "commands", {}).get(name, command)
        return name, command, arguments


def _print_version(wanted: bool) -> None:
    if wanted:
        from project import __version__  # noqa: PLC0415

        print(f"ad-metrics {__version__}")
        raise typer.Exit


_app = typer.Typer(name="ad-metrics", cls=Commands, no_args_is_help=True)


@_app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """A reporting service over daily advertising facts."""  # noqa: D401 - the text of --help
    from project import logs  # noqa: PLC0415
    from project.settings import get_settings  # noqa: PLC0415

    settings = get_settings()
    logs.configure(settings.log_level, settings.log_format)


app = get_command(_app)


def main() -> None:
    """Run the command line; the entry point of the distribution."""
    try:
        app()
    except SettingsError as error:
        print(error, file=sys.stderr)
        sys.exit(USAGE)
    except (AdMetricsError, OSError) as error:
        sys.exit(print_error(error))
    except Exception as error:
        from project.settings import get_settings  # noqa: PLC0415

        sys.exit(print_unexpected(error, get_settings().heartbeat_log))
