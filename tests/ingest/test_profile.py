"""Profiles: options as TOML, and what wins where a profile and its user differ."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project.catalog import MEASURE_NAMES, RECORD
from project.errors import LoadRefused
from project.ingest.mapping.presets import PRESETS
from project.ingest.options import Options
from project.ingest.profile import combined, profile_text, read_profile, with_profile, write_profile

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def pairs(names: Any, values: Any) -> Any:
    return st.dictionaries(st.sampled_from(names), values).map(lambda pairs: [f"{a}={b}" for a, b in pairs.items()])


@st.composite
def option_values(draw: st.DrawFn) -> dict[str, Any]:
    mapped = draw(st.sets(st.sampled_from(RECORD)))
    others = [name for name in RECORD if name not in mapped] or ["date"]
    everything = {
        "preset": st.sampled_from(list(PRESETS)),
        "map": pairs(sorted(mapped), TEXTS) if mapped else st.just([]),
        "set": pairs(others, TEXTS) if len(mapped) < len(RECORD) else st.just([]),
        "missing": TEXTS.filter(str.strip),
        "date_format": st.sampled_from(["%m/%d/%Y", "%Y%m%d"]),
        "decimal_comma": st.booleans(),
        "scale": pairs(MEASURE_NAMES, st.sampled_from(["micros", "100"])),
        "encoding": st.sampled_from(["latin-1", "utf-16-le"]),
        "currency": st.sampled_from(["USD", "EUR"]),
        "blank": pairs(MEASURE_NAMES, st.just("0")),
        "round": st.lists(st.sampled_from(MEASURE_NAMES), unique=True),
        "stream": TEXTS,
        "sheet": TEXTS,
        "on_duplicate": st.sampled_from(["sum", "error"]),
        "replace": st.booleans(),
        "max_rejects": st.sampled_from(["0", "10", "0.5%"]),
    }
    assert everything.keys() == Options.model_fields.keys()
    return draw(st.fixed_dictionaries({}, optional=everything))


def by_field(values: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """Return the value of each option, and of each of its fields where it is a list; `map` and `set` are one."""
    fields: dict[tuple[str, str], Any] = {}
    for option, value in values.items():
        if isinstance(value, list):
            for text in value:
                name, _, given = text.partition("=")
                fields["map or set" if option in ("map", "set") else option, name] = (option, given)
        else:
            fields[option, ""] = value
    return fields


@given(option_values())
def test_a_profile_gives_back_the_options_that_it_was_written_from(values: dict[str, Any]) -> None:
    options = Options(**values)
    text = profile_text(options)
    assert read_profile(text, "a.toml") == Options(**options.model_dump(exclude_defaults=True))
    # It has the names of the flags, and nothing that is as it would be anyway.
    flags = {name.replace("_", "-"): value for name, value in options.model_dump(exclude_defaults=True).items()}
    assert tomllib.loads(text) == flags


@given(option_values(), option_values())
def test_what_is_given_wins_field_by_field_and_is_said(profile: dict[str, Any], given_values: dict[str, Any]) -> None:
    text = profile_text(Options(**profile))
    kept = {name: value for name, value in profile.items() if value != Options().model_dump()[name]}
    options, line = combined(text, "a.toml", Options(**given_values))
    expected = by_field(kept) | by_field(given_values)
    assert by_field(options.model_dump(exclude_unset=True)) == expected
    lost = [key for key, value in by_field(kept).items() if expected[key] != value]
    assert line.startswith("profile a.toml")
    assert ("what is given wins" in line) is bool(lost)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('prset = "meta"', "a.toml: no option is called 'prset'; did you mean 'preset'."),
        ("dry-run = true", "a.toml: no option is called 'dry-run'; there are preset, map, set, missing,"),
        ("date_format = '%Y'", "a.toml: no option is called 'date_format'; did you mean 'date-format'."),
        ("max-rejects = 10", 'a.toml: max-rejects = 10: expected max-rejects = "10".'),
        ("map = 'date=Day'", 'a.toml: map = "date=Day": expected map = ["date=Day"].'),
        ("set = [1]", 'a.toml: set = [1]: expected set = ["likes=0"].'),
        ("replace = 'yes'", 'a.toml: replace = "yes": expected true or false.'),
        ("[decimal-comma]\na = 1", 'a.toml: decimal-comma = {"a": 1}: expected true or false.'),
        ("on-duplicate = 'skip'", 'a.toml: on-duplicate = "skip": expected "sum" or "error".'),
        ("preset = 'mata'", "a.toml: --preset mata: did you mean 'meta'."),
        ("map = ['date']", "a.toml: map: expected FIELD=VALUE, not 'date'."),
        ("preset meta", "a.toml is not TOML: "),
        (
            "replace = 1\nprset = 2",
            "a.toml: no option is called 'prset'; did you mean 'preset'.\na.toml: replace = 1: ",
        ),
    ],
)
def test_what_is_wrong_in_a_profile_is_named_with_what_would_work(text: str, message: str) -> None:
    with pytest.raises(LoadRefused) as refusal:
        read_profile(text, "a.toml")
    assert str(refusal.value).startswith(message)


def test_the_file_of_a_profile(tmp_path: Path) -> None:
    path = tmp_path / "daily.toml"
    options = Options(set=["likes=0"])
    assert write_profile(path, options, "meta") == f"wrote the profile {path}"
    assert with_profile(path, Options()) == (Options(preset="meta", set=["likes=0"]), f"profile {path}")
    assert write_profile(path, options, "meta") == f"kept the profile {path}"
    assert write_profile(path, Options(preset="google"), "meta") == f"replaced the profile {path}"
    given_options, line = with_profile(path, Options(preset="tiktok"))
    assert given_options.preset == "tiktok"
    assert line == f"profile {path}, but not its --preset google: what is given wins"
    path.write_bytes(b"sheet = '\xff'")
    with pytest.raises(LoadRefused, match="is not UTF-8, as TOML is"):
        with_profile(path, Options())
    assert with_profile(None, options) == (options, None)
