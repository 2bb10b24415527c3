"""Exit codes: how a command ends that raises an error."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from project.errors import AdMetricsError, DatabaseUnavailable, EmbeddedPostgresError

REFUSED, USAGE, DATABASE_AWAY = 1, 2, 3


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn an error of the block into a line on standard error and an exit code."""
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
