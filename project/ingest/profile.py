"""Profiles: options that are kept, as TOML with the names of the flags and no names of files."""

import json
import tomllib
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from project.errors import LoadRefused
from project.ingest.mapping.questions import Choice, answered
from project.ingest.options import Options
from project.suggestions import nearest


def with_profile(path: Path | None, given: Options) -> tuple[Options, str | None]:
    """Return the options of a file and the caller's, and a line about them. Raises LoadRefused and OSError."""
    if path is None:
        return given, None
    try:
        return combined(path.read_text(encoding="utf-8"), str(path), given)
    except UnicodeDecodeError as error:
        raise LoadRefused(f"{path} is not UTF-8, as TOML is.") from error


def combined(text: str, name: str, given: Options) -> tuple[Options, str]:
    """Return the options of a profile and of the caller, who wins, and a line about them. Raises LoadRefused."""
    profile = read_profile(text, name)
    # Parameters over HTTP are more than options.
    named = [option for option in Options.model_fields if option in given.model_fields_set]
    options = answered(profile, [choice for option in named for choice in _choices(option, given)])
    replaced = [
        str(choice)
        for option in profile.model_dump(exclude_unset=True)
        for choice in _choices(option, profile)
        if choice not in _choices(option, options)
    ]
    return options, f"profile {name}" + (f", but not its {', '.join(replaced)}: what is given wins" if replaced else "")


def write_profile(path: Path, options: Options, preset: str | None = None) -> str:
    """Write the options, with the preset that was guessed, and return a line about it. Raises OSError."""
    if preset and not options.preset:
        options = answered(options, [Choice("preset", preset)])
    text = profile_text(options)
    what = "wrote" if not path.exists() else "replaced" if path.read_bytes() != text.encode() else "kept"
    path.write_text(text, encoding="utf-8")
    return f"{what} the profile {path}"


def read_profile(text: str, name: str) -> Options:
    """Return the options of a profile. Raises LoadRefused, with all unknown names and wrong types."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LoadRefused(f"{name} is not TOML: {error}.") from error
    known = {_key(option): option for option in Options.model_fields}
    faults = [f"{name}: {_unknown(key, tuple(known))}." for key in values if key not in known]
    options = Options()
    try:
        given = {known[key]: value for key, value in values.items() if key in known}
        options = Options.model_validate(given, strict=True)
    except ValidationError as error:
        for option in dict.fromkeys(str(fault["loc"][0]) for fault in error.errors()):
            value = given[option]
            faults.append(f"{name}: {_key(option)} = {_toml(value)}: expected {_expected(option, value)}.")
    except LoadRefused as error:
        faults.append(f"{name}: {error}")
    if faults:
        raise LoadRefused("\n".join(faults))
    return options


def profile_text(options: Options) -> str:
    """Return a profile of these options."""
    values = options.model_dump(exclude_defaults=True)
    lines = [
        "# ad-metrics load FILE --profile THIS_FILE",
        *(f"{_key(name)} = {_toml(values[name])}" for name in values),
    ]
    return "\n".join(lines) + "\n"


def _choices(option: str, options: Options) -> list[Choice]:
    value = getattr(options, option)
    values = value if isinstance(value, list) else [value]
    return [Choice(option, str(one).lower() if isinstance(one, bool) else str(one)) for one in values]


def _key(option: str) -> str:
    return option.replace("_", "-")


def _toml(value: Any) -> str:
    # JSON's strings, lists and booleans are TOML's, but for the one control character that JSON does not escape.
    return json.dumps(value, ensure_ascii=False, default=str).replace("\x7f", "\\u007F")


def _unknown(key: str, known: tuple[str, ...]) -> str:
    close = nearest(key, known, 1)
    return f"no option is called {key!r}; " + (
        f"did you mean {close[0]!r}" if close else f"there are {', '.join(known)}"
    )


def _expected(option: str, value: Any) -> str:
    """Return what would be read: the value in the type of the option, where it has one."""
    field = Options.model_fields[option]
    if field.annotation in (bool, bool | None):
        return "true or false"
    if get_origin(field.annotation) is Literal:
        return " or ".join(map(_toml, get_args(field.annotation)))
    example = (field.examples or [""])[0]
    if isinstance(value, str | int | float):
        example = [str(value)] if get_origin(field.annotation) is list else str(value)
    return f"{_key(option)} = {_toml(example)}"
