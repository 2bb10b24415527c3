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
    context, files, *others, _ = signature(command).parameters.values()
    flags = (_flag(name, field) for name, field in Options.model_fields.items())
    command.__signature__ = signature(command).replace(parameters=[context, files, *flags, *others])
    return command


def options_of(context: typer.Context, values: dict[str, Any]) -> Options:
    """Return the options that flags give; the others are not set. Raises typer.BadParameter and LoadRefused."""
    given = {name: value for name, value in values.items() if _is_given(context, name)}
    try:
        return Options(**given)
    except MalformedPair as error:
        raise typer.BadParameter(f"--{error}") from error
    except ValidationError as error:
        fault = error.errors()[0]
        flag, expected = _spelling(str(fault["loc"][0])), fault["ctx"]["expected"].replace("'", "")
        raise LoadRefused(f"{flag} {fault['input']}: expected {expected}.") from error


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _flag(name: str, field: FieldInfo) -> Parameter:
    metavar, names = next((item for item in field.metadata if isinstance(item, Flag)), Flag())
    text = (field.description or "").replace("`", "")
    if field.annotation == (str | None) and "|" not in (metavar or ""):
        text = f"{text.removesuffix('.')}, such as {(field.examples or [])[0]}."
    if field.annotation is bool:
        # A flag wins over a profile, also where the profile says yes.
        names = f"{_spelling(name)}/--no-{name}"
    option = typer.Option(names or _spelling(name), metavar=metavar, help=text)
    # The model checks the choices of a Literal, so that a wrong one is refused as over HTTP.
    annotation = str if get_origin(field.annotation) is Literal else field.annotation
    default = field.get_default(call_default_factory=True)
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[annotation, option])


def _spelling(name: str) -> str:
    return f"--{name.replace('_', '-')}"
