"""The container files: no test builds them, but everything that they name must exist."""

import importlib
import json
import re
import tomllib
from importlib.metadata import entry_points, requires
from pathlib import Path

import pytest
import yaml
from dockerfile_parse import DockerfileParser
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from project.cli import app
from project.settings import Settings
from tests.conftest import ROOT

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SETTINGS = {name.upper() for name in Settings.model_fields}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME, BUILD = PROJECT["project"]["dependencies"], PROJECT["dependency-groups"]["build"]
PINNED = r"[a-z./-]+:\d+\.\d+(\.\d+)?-[a-z-]+"


@pytest.fixture(scope="module")
def stages() -> list[list[dict[str, str]]]:
    """The instructions of each stage."""
    parsed = DockerfileParser(str(ROOT / "Dockerfile"), env_replace=False).structure
    stages: list[list[dict[str, str]]] = []
    for instruction in parsed:
        if instruction["instruction"] == "FROM":
            stages.append([])
        if instruction["instruction"] != "COMMENT":
            stages[-1].append(instruction)
    return stages


def values(stage: list[dict[str, str]], name: str) -> list[str]:
    return [line["value"] for line in stage if line["instruction"] == name]


def test_versions_are_pinned(stages: list[list[dict[str, str]]]) -> None:
    for stage in stages:
        assert re.fullmatch(PINNED + r"( AS [a-z]+)?", values(stage, "FROM")[0])
    assert re.fullmatch(PINNED, COMPOSE["services"]["database"]["image"])


def test_what_pip_installs_has_hashes_or_is_the_wheel(stages: list[list[dict[str, str]]]) -> None:
    commands = [part.strip() for value in values(stages[0], "RUN") for part in value.split("&&")]
    installs = [
        re.split(r" install (?:--no-cache-dir )?", command)[1] for command in commands if " install " in command
    ]
    assert installs == [
        "--require-hashes -r requirements.txt",
        "--require-hashes -r requirements-build.txt",
        "--no-index --no-deps dist/*.whl",
    ]
    [wheel] = [command for command in commands if command.startswith("pip wheel")]
    assert {"--no-build-isolation", "--no-deps"} <= set(wheel.split())


@pytest.mark.parametrize(("file", "wanted"), [("requirements.txt", RUNTIME), ("requirements-build.txt", BUILD)])
def test_the_requirements_are_those_of_the_project(file: str, wanted: list[str]) -> None:
    text = (ROOT / file).read_text()
    # Nothing but pins, their markers and hashes: no address of a registry, no option.
    entries = re.split(r"\n(?! )", text.split("\n", 1)[1].strip())
    pins = {}
    for entry in entries:
        pin, *hashes = entry.split(" \\\n    ")
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; [^@]+)?", pin), entry
        assert hashes, entry
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", value) for value in hashes), entry
        name, version = pin.split(" ;")[0].split("==")
        pins[name] = version
    for line in wanted:
        requirement = Requirement(line)
        assert requirement.specifier.contains(pins[requirement.name]), line
    # And what those need in turn, on this machine: nothing is missing.
    missing = {name for name in needed(wanted) if name not in pins}
    assert not missing, "`.ci/requirements` renews them"


def needed(requirements: list[str]) -> set[str]:
    """Return the names of the distributions that these requirements come to, as they are installed here."""
    names: set[str] = set()
    waiting = [
        (requirement, extra) for requirement in map(Requirement, requirements) for extra in ("", *requirement.extras)
    ]
    seen = set()
    while waiting:
        requirement, extra = waiting.pop()
        name = canonicalize_name(requirement.name)
        if (name, extra) in seen or not (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add((name, extra))
        names.add(name)
        for line in requires(name) or []:
            inner = Requirement(line)
            if inner.marker is None or inner.marker.evaluate({"extra": extra}):
                inner.marker = None
                waiting += [(inner, other) for other in ("", *inner.extras)]
    return names


def test_copied_files_exist_and_are_not_ignored(stages: list[list[dict[str, str]]]) -> None:
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    names = [value.split("=")[1].split()[0] for value in values(stages[1], "COPY") if value.startswith("--from")]
    assert names == [values(stages[0], "FROM")[0].split(" AS ")[1]]
    for stage in stages:
        for copied in values(stage, "COPY"):
            for source in [] if copied.startswith("--from") else copied.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert source in allowed


def test_the_image_has_no_build_tools_and_does_not_run_as_root(stages: list[list[dict[str, str]]]) -> None:
    last = stages[-1]
    assert not re.search(r"\b(apt|apt-get|pip|uv|gcc|make)\b", " ".join(values(last, "RUN")))
    [user] = values(last, "USER")
    assert f"useradd --system --uid 10001 --home-dir /app {user}" in values(last, "RUN")[0]
    names = [line["instruction"] for line in last]
    assert names.index("USER") > names.index("RUN")


def test_commands_exist(stages: list[list[dict[str, str]]]) -> None:
    commands = {entry.name for entry in entry_points(group="console_scripts")}
    [command] = values(stages[-1], "CMD")
    program, target, *flags = json.loads(command)
    assert program in commands
    module, name = target.split(":")
    assert (ROOT / (module.replace(".", "/") + ".py")).exists()
    assert name == "app"
    assert hasattr(importlib.import_module(module), "create_app")
    uvicorn = importlib.import_module("uvicorn.main")
    known = {option for parameter in uvicorn.main.params for option in parameter.opts}
    assert {flag for flag in flags if flag.startswith("--")} <= known
    program, *arguments = COMPOSE["services"]["migrations"]["command"]
    assert program in commands
    assert app.main([*arguments, "--help"], standalone_mode=False) == 0
    [check] = values(stages[-1], "HEALTHCHECK")
    assert "/health/live" in check
    compile(json.loads(re.search(r"CMD (\[.*\])", check)[1])[2], "health", "exec")
    commands_shown = re.findall(r"ad-metrics ([a-z]+ [a-z]+)", (ROOT / "compose.yaml").read_text())
    assert commands_shown == ["keys create"]


def test_settings_and_paths_are_those_of_the_service(stages: list[list[dict[str, str]]]) -> None:
    environment = COMPOSE["services"]["service"]["environment"]
    assert environment.keys() - {"PGPASSWORD"} <= SETTINGS
    assert environment == COMPOSE["services"]["migrations"]["environment"]
    url = environment["DATABASE_URL"]
    database = COMPOSE["services"]["database"]["environment"]
    assert url.endswith(f"@database:5432/{database['POSTGRES_DB']}")
    assert environment["API_AUTH"] == "required"
    variables = dict(pair.split("=", 1) for value in values(stages[-1], "ENV") for pair in value.split())
    assert variables.keys() - {"PATH", "PYTHONUNBUFFERED"} <= SETTINGS
    prepared = values(stages[-1], "RUN")[0]
    for name in ("heartbeat_log", "metrics_dir", "ingest_dir"):
        directory = Settings.model_fields[name].default
        directory = directory.parent if directory.suffix == ".log" else directory
        assert f"/app/{directory}" in prepared
    [volume] = COMPOSE["services"]["service"]["volumes"]
    assert volume == f"logs:/app/{Path(Settings.model_fields['heartbeat_log'].default).parent}"
    assert COMPOSE["volumes"].keys() == {"database", "logs"}
    # By default, other machines cannot reach the service.
    assert COMPOSE["services"]["service"]["ports"] == ["127.0.0.1:8000:8000"]
