"""The options of a load: the same as flags, as parameters over HTTP and in the stored request."""

from typing import Any

import pytest
import typer
from pydantic import ValidationError

from project.cli import load as command
from project.errors import LoadRefused
from project.ingest.options import MalformedPair, Options
from project.web.api.ingests.routes import IngestParameters

EXAMPLES: dict[str, Any] = {
    "preset": "meta",
    "map": ["region=Country"],
    "set": ["likes=0"],
    "missing": "(not set)",
    "date_format": "%m/%d/%Y",
    "decimal_comma": True,
    "scale": ["cost=micros"],
    "encoding": "latin-1",
    "currency": "USD",
    "blank": ["conversions=0"],
    "round": ["conversions"],
    "stream": "ads_insights",
    "sheet": "Report",
    "on_duplicate": "error",
    "replace": True,
    "max_rejects": "1%",
}
OF_THE_COMMAND = {"files", "profile", "keep", "rejects", "as_json"}
OF_THE_BODY = {"filename", "profile"}
OF_BOTH = {"dry_run"}


def flags() -> dict[str, Any]:
    load = typer.main.get_command(command.app)
    return {parameter.name: parameter for parameter in load.params}


def test_the_three_surfaces_have_the_same_options() -> None:
    options = set(Options.model_fields)
    assert options == set(EXAMPLES)
    assert set(flags()) == options | OF_BOTH | OF_THE_COMMAND
    assert set(IngestParameters.model_fields) == options | OF_BOTH | OF_THE_BODY
    asked = IngestParameters(filename="a.csv", dry_run=True, **EXAMPLES)
    stored = asked.model_dump(exclude_unset=True, exclude={"filename"})
    assert stored == EXAMPLES | {"dry_run": True}
    assert Options(**EXAMPLES).model_dump() == EXAMPLES


def test_every_flag_has_its_spelling_default_and_description() -> None:
    for name, field in Options.model_fields.items():
        flag = flags()[name]
        spelling = f"--{name.replace('_', '-')}"
        assert flag.opts == [spelling]
        others = {"decimal_comma": ["--decimal-point"], "replace": ["--no-replace"]}
        assert flag.secondary_opts == others.get(name, [])
        assert flag.default == (field.get_default(call_default_factory=True) or flag.default)
        assert flag.multiple is (field.annotation == list[str])
        assert flag.help.startswith(str(field.description).replace("`", "").removesuffix("."))
    assert flags()["map"].metavar == "FIELD=COLUMN"
    assert flags()["max_rejects"].metavar == "N|N%"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"map": ["date"]}, "map: expected FIELD=VALUE, not 'date'."),
        ({"set": ["likes=0", " likes=1"]}, "set: likes is given twice."),
        ({"round": ["costs"]}, "--round costs: expected one of impressions, clicks"),
        ({"blank": ["cost=none"]}, "--blank cost=none: expected a number such as 0."),
        ({"missing": " "}, "--missing ' ': expected a label such as '(not set)'."),
        ({"scale": ["cost=milli"]}, "--scale cost=milli: expected micros, or a power of ten such as 100"),
        ({"scale": ["spend=100"]}, "--scale spend: expected one of impressions, clicks"),
        ({"scale": ["cost"]}, "scale: expected FIELD=VALUE, not 'cost'."),
        ({"preset": "mata"}, "--preset mata: did you mean 'meta'."),
        ({"currency": "usd"}, "--currency usd: expected three capital letters such as USD."),
        ({"max_rejects": "200.5"}, "--max-rejects 200.5: expected a number of rows such as 10"),
    ],
)
def test_an_invalid_option_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(LoadRefused) as refusal:
        Options(**options)
    assert str(refusal.value).startswith(message)
    assert isinstance(refusal.value, MalformedPair) == (not message.startswith("--"))


def test_a_scale_is_the_digits_that_the_point_moves() -> None:
    assert Options(scale=["cost=micros", "clicks=10", "likes=1000000"]).shifts == {"cost": 6, "clicks": 1, "likes": 6}


def test_there_are_no_other_options() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Options(colums=["date=Day"])


def test_rejects_are_allowed_by_number_or_part() -> None:
    for limit, allowed in (("0", 0), ("2", 2), ("1%", 10), ("0.5%", 5), ("100%", 1000)):
        options = Options(max_rejects=limit)
        assert options.allows_rejects(allowed, 1000)
        assert not options.allows_rejects(allowed + 1, 1000)
