"""SECURITY.md: its settings, scopes and numbers are those of the code."""

import re

from project.settings import Settings
from project.store.api_keys import SCOPES
from project.web.middleware.size_limits import LARGEST_BODY, LARGEST_URL
from project.web.server.uvicorn_limits import HEAD_TIMEOUT, LARGEST_HEAD
from tests.conftest import ROOT

TEXT = " ".join((ROOT / "SECURITY.md").read_text().split())


def test_its_settings_exist() -> None:
    names = set(re.findall(r"`([A-Z_]{4,})(?:=\w+)?`", TEXT))
    assert len(names) >= 5
    assert names <= {name.upper() for name in Settings.model_fields}


def test_its_limits_are_those_of_the_code() -> None:
    assert f"{LARGEST_HEAD >> 10} kB and {HEAD_TIMEOUT:.0f} s for the head of a request" in TEXT
    assert f"{LARGEST_URL >> 10} kB for a URL" in TEXT
    assert f"{LARGEST_BODY >> 10} kB for bodies that nothing reads" in TEXT


def test_its_scopes_exist() -> None:
    scopes = re.findall(r"the scope `(\w+)`", TEXT)
    assert len(scopes) == 2
    assert set(scopes) < SCOPES.keys()
