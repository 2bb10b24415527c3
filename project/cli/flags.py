"""The flags of `ad-metrics load`, derived from the options of a load."""

from inspect import Parameter, signature
from typing import Annotated, Any, Literal, get_origin

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from project.errors import LoadRefused
from project.ingest.options import Flag, MalformedPair, Options


def with_flags(command: Any) -> Any:
    """Replace the `**flags` of a command by one flag for each field of `Options`."""
    files, *others, _ = signature(command).parameters.values()
    flags = (_flag(name, field) for name, field in Options.model_fields.items())
    command.__signature__ = signature(command).replace(parameters=[files, *flags, *others])
    return command


def options_of(values: dict[str, Any]) -> Options:
    """Return the options that the flags give. Raises typer.BadParameter for a malformed pair, and LoadRefused."""
    try:
        return Options(**values)
    except MalformedPair as error:
        raise typer.BadParameter(f"--{error}") from error
    except ValidationError as error:
        fault = error.errors()[0]
        flag, expected = _spelling(str(fault["loc"][0])), fault["ctx"]["expected"].replace("'", "")
        raise LoadRefused(f"{flag} {fault['input']}: expected {expected}.") from error


def _flag(name: str, field: FieldInfo) -> Parameter:
    metavar, names = next((item for item in field.metadata if isinstance(item, Flag)), Flag())
    text = (field.description or "").replace("`", "")
    if field.annotation == (str | None) and "|" not in (metavar or ""):
        text = f"{text.removesuffix('.')}, such as {(field.examples or [])[0]}."
    option = typer.Option(names or _spelling(name), metavar=metavar, help=text)
    # The model checks the choices of a Literal, so that a wrong one is refused as over HTTP.
    annotation = str if get_origin(field.annotation) is Literal else field.annotation
    default = field.get_default(call_default_factory=True)
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[annotation, option])


def _spelling(name: str) -> str:
    return f"--{name.replace('_', '-')}"
