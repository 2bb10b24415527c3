"""`ad-metrics views`: views as a file under version control."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Done

SPEND = "date_preset=last_week&metric=cost&group_by=platform"


@pytest.fixture
def views(typed: Callable[..., Done], database: str) -> Callable[..., Done]:
    """Return a function that runs `ad-metrics views`."""
    return lambda *arguments: typed(["views", *arguments], DATABASE_URL=database)


def test_views_move_as_a_file(views: Callable[..., Done], tmp_path: Path) -> None:
    file = tmp_path / "views.toml"
    assert "There are no views" in views("list").stderr
    assert views("save", "weekly-spend", SPEND, "--title", 'A "weekly" \\ ünïcode').stdout == "made weekly-spend\n"
    assert views("save", "ctr-by-age", "?metric=ctr&group_by=age_range").stdout == "made ctr-by-age\n"
    assert views("export", str(file)).returncode == 0
    assert views("export").stdout == file.read_text(encoding="utf-8")
    before = views("list").stdout
    assert before.splitlines()[1] == "ctr-by-age  Ctr by age  ?metric=ctr&group_by=age_range"
    views("delete", "ctr-by-age")
    views("save", "extra", "metric=cpc")
    imported = views("import", str(file), "--prune")
    assert imported.stdout.splitlines() == ["unchanged weekly-spend", "made ctr-by-age", "deleted extra"]
    assert views("list").stdout == before


def test_a_file_is_imported_as_a_whole_or_not_at_all(views: Callable[..., Done], tmp_path: Path) -> None:
    file = tmp_path / "views.toml"
    file.write_text('[good]\ntitle = "Good"\nquery = ""\n[bad]\ntitle = "Bad"\nquery = "metric=costs&from=1"\n')
    refused = views("import", str(file))
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[0].startswith("bad: query.metric: 'costs' is invalid; metric must be one of")
    assert refused.stderr.splitlines()[1] == "bad: query.from: There is no parameter 'from'. Perhaps: date_from."
    file.write_text("[good]\nquery = 3\n")
    refused = views("import", str(file))
    assert (refused.returncode, "[good] is invalid; expected title" in refused.stderr) == (2, True)
    file.write_text("a = " + "[" * 5000)
    assert "is not TOML" in views("import", str(file)).stderr
    file.write_text("")
    refused = views("import", str(file), "--prune")
    assert (refused.returncode, "--prune would delete all that are saved" in refused.stderr) == (2, True)
    file.write_text("[good")
    assert "is not TOML" in views("import", str(file)).stderr
    assert views("delete", "good").returncode == 1
    assert views("list").stdout == ""
