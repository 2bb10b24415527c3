"""What each command imports: nothing that it does not use, since the imports are most of a short command's time."""

import re
import sys
import tomllib
from importlib import import_module, metadata
from inspect import cleandoc
from pathlib import Path

import pytest
from typer.main import get_command

from project.cli import COMMANDS
from tests.conftest import ROOT
from tests.support.processes import run
from tests.support.records import record, write

MODULES = """
import atexit, sys
atexit.register(lambda: print("MODULES", *sys.modules, file=sys.stderr))
from project.cli import main
main()
"""
SETTINGS = {"typer", "pydantic", "pydantic_settings", "loguru", "orjson"}
DATABASE = {*SETTINGS, "asyncpg"}
USED = {
    "--help": {"typer", "rich"},
    "--version": {"typer"},
    "keys list": DATABASE,
    "loads": DATABASE,
    "check": DATABASE,
    "rollups rebuild": DATABASE,
    "load {file}": {*DATABASE, "pyarrow"},
    "db url": {*DATABASE, "filelock"},
}
"""The packages that commands use, of all that the service depends on."""


def dependencies() -> set[str]:
    """Return the packages that the service's dependencies can be imported as."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.match(r"[\w-]+", line)[0].lower() for line in project["dependencies"]}
    packages = metadata.packages_distributions()
    return {package for package, owners in packages.items() if names & {owner.lower() for owner in owners}}


@pytest.mark.slow
@pytest.mark.parametrize("command", USED)
async def test_a_command_imports_no_package_that_it_does_not_use(command: str, database: str, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", [record()])
    arguments = command.format(file=file).split()
    done = run([sys.executable, "-c", MODULES, *arguments], DATABASE_URL=database)
    assert done.returncode == 0, done.stderr
    modules = done.stderr.splitlines()[-1].split()
    assert modules[0] == "MODULES"
    packages = {module.partition(".")[0] for module in modules}
    assert packages & dependencies() == USED[command]
    assert not {"pyarrow.parquet", "project.web", "project.charts", "project.jobs", "project.query"} & {*modules}


@pytest.mark.slow
def test_a_shell_completes_commands_and_their_options() -> None:
    typed = {"ad-metrics ke": ["keys"], "ad-metrics load": ["load", "loads"], "ad-metrics keys rev": ["revoke"],
             "ad-metrics load --dry": ["--dry-run"]}  # fmt: skip
    for words, completed in typed.items():
        variables = {"_AD_METRICS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        code = "from project.cli import app; app(prog_name='ad-metrics')"
        assert run([sys.executable, "-c", code], **variables).stdout.split() == completed


@pytest.mark.parametrize("name", [name for name, entry in COMMANDS.items() if entry.summary])
def test_a_command_and_the_list_of_commands_say_the_same(name: str) -> None:
    command = get_command(import_module(f"project.cli.{COMMANDS[name].file}").app)
    command = getattr(command, "commands", {}).get(name, command)
    first_paragraph = cleandoc(command.help or "").partition("\n\n")[0]
    assert " ".join(first_paragraph.split()) == COMMANDS[name].summary
