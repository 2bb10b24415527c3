"""`.env.example` and docs/settings.md say what the settings are."""

import re

import pytest
from pydantic_settings import DotEnvSettingsSource

from project.settings import Settings
from tests.conftest import ROOT
from tests.support.settings_documents import DOCUMENTS


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_document_is_made_from_the_settings(path: str) -> None:
    assert (ROOT / path).read_text() == DOCUMENTS[path](), (
        "`uv run python -m tests.support.settings_documents` writes it"
    )


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_says_what_it_is(name: str) -> None:
    description = Settings.model_fields[name].description
    assert description
    assert description[0].isupper()
    assert description.endswith(".")
    for other in re.findall(r"\b[A-Z]+_[A-Z_]+\b", description):
        assert other.lower() in Settings.model_fields


def test_the_example_uncommented_is_the_default(tmp_path) -> None:
    lines = re.findall(r"^# ([A-Z_]+=.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert len(lines) == len(Settings.model_fields)
    (tmp_path / "env").write_text("\n".join(lines))
    assert Settings(_env_file=tmp_path / "env") == Settings(_env_file=None)
    assert len(DotEnvSettingsSource(Settings, tmp_path / "env").env_vars) == len(lines)
