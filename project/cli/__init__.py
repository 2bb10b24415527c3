"""`ad-metrics`: one file for each group of commands, imported when one of them runs.

Exit codes: 0 done, 1 refused, 2 invalid usage or settings, 3 the database is unavailable, 4 an unexpected error, whose
traceback is in a file that the message names, 130 interrupted.
"""

import sys
from contextlib import nullcontext
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from project import __version__, logs
from project.cli.exit_codes import USAGE, interruptible, print_error, print_unexpected
from project.errors import AdMetricsError
from project.settings import SettingsError, get_settings

FILES = {
    "demo": "demo",
    "load": "load",
    "load-in-background": "load",
    "loads": "load",
    "export": "export",
    "check": "check",
    "heartbeat": "check",
    "doctor": "check",
    "rollups": "check",
    "keys": "keys",
    "views": "views",
    "db": "db",
}
"""The file of each command, in the order of `--help`."""


class Commands(TyperGroup):
    """The commands of all files. Importing every file takes 1.8 s, importing that of `keys` 0.6 s."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands, without an import."""
        return list(FILES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the file of the command; for an unknown name all files, so that Typer suggests similar ones."""
        for name in [cmd_name] if cmd_name in FILES else FILES:
            with interruptible(lambda: "Interrupted; nothing was loaded.") if name == "load" else nullcontext():
                command = get_command(import_module(f"project.cli.{FILES[name]}").app)
            self.add_command(getattr(command, "commands", {}).get(name, command), name)
        return super().get_command(ctx, cmd_name)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"ad-metrics {__version__}")
        raise typer.Exit


_app = typer.Typer(name="ad-metrics", cls=Commands, add_completion=False, no_args_is_help=True)


@_app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """A reporting service over daily advertising facts."""  # noqa: D401 - the text of --help
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
        sys.exit(print_unexpected(error, get_settings().heartbeat_log))
