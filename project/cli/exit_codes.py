"""Exit codes: what a script hears of an error, and what a person reads."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from project.errors import AdMetricsError, DatabaseUnavailable, EmbeddedPostgresError

REFUSED, USAGE, DATABASE_AWAY = 1, 2, 3


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn the errors of a command into a line on standard error and its exit code."""
    try:
        yield
    except (DatabaseUnavailable, EmbeddedPostgresError) as error:
        print(f"{error} ({error.__cause__})" if error.__cause__ else error, file=sys.stderr)
        raise typer.Exit(DATABASE_AWAY) from error
    except AdMetricsError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(REFUSED) from error
    except ValueError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(USAGE) from error
    except OSError as error:
        print(f"{error.filename or 'A file'}: {error.strerror or error}", file=sys.stderr)
        raise typer.Exit(REFUSED) from error
