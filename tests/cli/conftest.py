import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from loguru import logger

from project.cli import main
from project.settings import get_settings

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Done]]:
    """Return a function that runs a command line in this process, from its outermost line on."""

    def run_here(arguments: list[str], **settings: str) -> Done:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["ad-metrics", *arguments])
        get_settings.cache_clear()
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(arguments, ended.value.code or 0, *capfd.readouterr())

    yield run_here
    get_settings.cache_clear()
    logger.remove()
    logger.add(sys.stderr)
