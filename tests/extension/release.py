"""A copy of the package that a test patches, and what a release answers in processes of its own."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.support.processes import AD_METRICS, AERICH, run

_PARTS = ("project", "migrations", "pyproject.toml")
_IGNORED = shutil.ignore_patterns("__pycache__")


@dataclass
class Release:
    """The package in one directory. `patched` are the files that a test changed or added."""

    root: Path = ROOT
    patched: list[str] = field(default_factory=list)

    @classmethod
    def copied_to(cls, root: Path) -> "Release":
        root.mkdir()
        for part in _PARTS:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, root / part, ignore=_IGNORED)
            else:
                shutil.copy(ROOT / part, root / part)
        return cls(root)

    def replace(self, path: str, old: str, new: str) -> None:
        """Replace a text that the file has once."""
        text = (self.root / path).read_text()
        assert text.count(old) == 1, f"{path} has {text.count(old)} times {old!r}"
        self.write(path, text.replace(old, new))

    def append(self, path: str, text: str) -> None:
        self.write(path, (self.root / path).read_text() + text)

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)
        if path not in self.patched:
            self.patched.append(path)

    def aerich(self, *arguments: str, **settings: str) -> str:
        return self._succeed([*AERICH, *arguments], settings)

    def ad_metrics(self, *arguments: str, **settings: str) -> str:
        return self._succeed([*AD_METRICS, *arguments], settings)

    def python(self, script: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return self._run([sys.executable, "-c", script], settings)

    def ask(self, urls: Sequence[str], directory: Path, **settings: str) -> list[dict[str, Any]]:
        """Return status, type and body (bytes) of each URL, by one application over one database."""
        directory.mkdir()
        (directory / "urls.json").write_text(json.dumps(urls))
        self._succeed([sys.executable, str(Path(__file__).with_name("asker.py")), str(directory)], settings)
        answers: list[dict[str, Any]] = json.loads((directory / "answers.json").read_text())
        return [answer | {"body": (directory / str(index)).read_bytes()} for index, answer in enumerate(answers)]

    def _succeed(self, command: list[str], settings: dict[str, str]) -> str:
        done = self._run(command, settings)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def _run(self, command: list[str], settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return run(command, cwd=self.root, PYTHONPATH=str(self.root), PYTHONDONTWRITEBYTECODE="1", **settings)


def write_csv(path: Path, records: Sequence[dict[str, Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, records[0])
        writer.writeheader()
        writer.writerows(records)
    return path
