"""`ad-metrics`, `aerich` and `uvicorn`: whatever a user types, the answer is a sentence and never a traceback."""

import re
import stat
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from project import cli
from project.cli.exit_codes import DATABASE_AWAY, REFUSED, UNEXPECTED, USAGE, print_unexpected
from tests.cli.conftest import Done
from tests.support.processes import AD_METRICS, AERICH, UVICORN, free_port, run

pytestmark = pytest.mark.slow

AWAY = "postgresql://u:swordfish@127.0.0.1:9/d"
MAIL = {"SMTP_URL": "smtp://u:swordfish@127.0.0.1:9", "MAIL_FROM": "reports@example.com"}
COMMANDS = {
    "demo": ["demo", "--no-browser", "--port", "{port}"],
    "load": ["load", "{file}"],
    "load-in-background": ["load-in-background", "1"],
    "loads": ["loads"],
    "export": ["export", "/v1/ad-metrics", "{out}"],
    "check": ["check"],
    "heartbeat": ["heartbeat"],
    "doctor": ["doctor"],
    "rollups": ["rollups", "rebuild"],
    "keys": ["keys", "list"],
    "views": ["views", "list"],
    "subscribe": ["subscribe", "weekly-spend", "--cron", "0 7 * * mon", "--webhook", "https://hooks.example.com/x"],
    "subscriptions": ["subscriptions"],
    "deliveries": ["deliveries"],
    "deliver": ["deliver", "weekly-spend", "--to", "boss@example.com"],
    "db": ["db", "psql", "-c", "SELECT 1"],
    "distribute": ["distribute"],
}


def command(name: str, tmp_path: Path) -> list[str]:
    file = tmp_path / "a.csv"
    file.write_text("date\n2024-03-01\n")
    values = {"port": free_port(), "file": file, "out": tmp_path / "out.csv"}
    return [part.format(**values) for part in COMMANDS[name]]


def sentence(done: Done) -> str:
    """Return what a command said, which must be readable."""
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert not re.search(r"project/\w+", said), said
    assert "swordfish" not in said
    assert said.strip()
    return said


def test_every_command_is_tried() -> None:
    assert set(COMMANDS) == set(cli.COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_database_that_is_away_is_a_sentence(name: str, typed: Callable[..., Done], tmp_path: Path) -> None:
    settings = {"DATABASE_URL": AWAY, "HEARTBEAT_LOG": str(tmp_path / "heartbeat.log"), **MAIL}
    arguments = command(name, tmp_path)
    # psql replaces the process.
    done = run([*AD_METRICS, *arguments], **settings) if name == "db" else typed(arguments, **settings)
    said = sentence(done)
    # The heartbeat is written nevertheless, doctor refuses, psql says it itself.
    expected = {"heartbeat": 0, "doctor": REFUSED, "db": 2}.get(name, DATABASE_AWAY)
    assert done.returncode == expected, said
    assert re.search(r"cannot be reached|database=away|failed: Connection refused", said)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "load-in-background"])
def test_an_invalid_url_is_one_sentence(name: str, typed: Callable[..., Done], tmp_path: Path) -> None:
    done = typed(command(name, tmp_path), DATABASE_URL="postgresql://u:sword/fish@h/d")
    assert done.returncode == USAGE
    assert sentence(done).count("\n") == 1
    assert done.stderr.startswith("The setting DATABASE_URL is invalid: ")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["load", "{tmp}/missing.csv"], REFUSED),
        (["load", "{tmp}"], REFUSED),
        (["load", "{tmp}/binary.bin"], REFUSED),
        (["load", "{tmp}/empty.csv"], REFUSED),
        (["load", "{tmp}/cut.gz"], REFUSED),
        (["load", "{tmp}/not.parquet"], REFUSED),
        (["load", "{tmp}/not.xlsx"], REFUSED),
        (["load", "{tmp}/locked/a.csv"], REFUSED),
        (["load", "{tmp}/a.csv/b.csv"], REFUSED),
        (["load", "{tmp}/a.csv", "--rejects", "{tmp}/none/rejects.csv"], REFUSED),
        (["load", "{tmp}/a.csv", "--rejects", "{tmp}"], REFUSED),
        (["load", "{tmp}/a.csv", "--encoding", "klingon"], REFUSED),
        (["load", "{tmp}/a.csv", "--date-format", "%Q"], REFUSED),
        (["load", "x" * 5000], REFUSED),
        (["export", "/v1/ad-metrics", "{tmp}/none/out.csv"], REFUSED),
        (["export", "/v1/ad-metrics", "{tmp}/a.csv/out.csv"], REFUSED),
        (["export", "/v1/ad-metrics", "{tmp}"], USAGE),
        (["export", "/v1/nothing", "{tmp}/out.csv"], USAGE),
        (["export", "platform=nosuch", "{tmp}/out.csv"], REFUSED),
        (["keys", "create", "\x01"], USAGE),
        (["keys", "revoke", "nobody"], REFUSED),
        (["check", "--from", "yesterday"], USAGE),
        (["rollups", "rebuild", "--from", "2024-02-30"], USAGE),
        (["loads", "--limit", "-1"], USAGE),
        (["flies"], USAGE),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else None,
)
def test_unusable_input_is_a_sentence(
    arguments: list[str], code: int, typed: Callable[..., Done], database: str, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("date\n2024-03-01\n")
    (tmp_path / "binary.bin").write_bytes(bytes(range(256)) * 50)
    (tmp_path / "empty.csv").touch()
    (tmp_path / "cut.gz").write_bytes(b"\x1f\x8b\x08\x00 cut")
    (tmp_path / "not.parquet").write_bytes(b"PAR1 and nothing else")
    (tmp_path / "not.xlsx").write_bytes(b"PK\x03\x04 and nothing else")
    (tmp_path / "locked").symlink_to("/proc/1/root/locked")
    settings = {"DATABASE_URL": database, "HEARTBEAT_LOG": str(tmp_path / "heartbeat.log")}
    done = typed([part.format(tmp=tmp_path) for part in arguments], **settings)
    assert sentence(done)
    assert done.returncode == code, done.stderr
    assert not list(tmp_path.glob("ad-metrics-error-*")), done.stderr


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"DATABASE_URL": "postgresql://u:sword/fish@h/d"}, "The setting DATABASE_URL is invalid"),
        ({"DATABASE_URL": AWAY}, "The database cannot be reached. (ConnectionRefusedError"),
        ({"EMBEDDED_POSTGRES_DIR": "/proc/none"}, "/proc/none"),
    ],
)
def test_aerich_ends_in_a_sentence(settings: dict[str, str], expected: str) -> None:
    done = run([*AERICH, "upgrade"], **settings)
    assert done.returncode == 1
    assert expected in sentence(done)


async def test_aerich_says_which_right_is_missing(database: str, connection: asyncpg.Connection) -> None:
    await connection.execute("CREATE ROLE has_no_rights LOGIN")
    try:
        done = run([*AERICH, "upgrade"], DATABASE_URL=database.replace("postgres@", "has_no_rights@"))
    finally:
        await connection.execute("DROP ROLE has_no_rights")
    assert done.returncode == 1
    assert "permission denied for" in sentence(done)


@pytest.mark.parametrize(
    ("settings", "code", "expected"),
    [
        ({"DATABASE_URL": "postgresql://u:sword/fish@h/d"}, 1, "The setting DATABASE_URL is invalid"),
        ({"DATABASE_URL": AWAY, "HEARTBEAT_CRON": "daily"}, 1, "HEARTBEAT_CRON 'daily' is not a cron expression"),
        ({"DATABASE_URL": AWAY, "HEARTBEAT_LOG": "/proc/none/heartbeat.log"}, 1, "cannot be written: No such file"),
        ({"EMBEDDED_POSTGRES_DIR": "/proc/none"}, 3, "The service cannot start: "),
    ],
)
def test_uvicorn_ends_in_a_sentence(settings: dict[str, str], code: int, expected: str, tmp_path: Path) -> None:
    log = {"HEARTBEAT_LOG": str(tmp_path / "heartbeat.log")}
    done = run([*UVICORN, "--port", str(free_port())], **log | settings)
    assert done.returncode == code
    assert expected in sentence(done)


@pytest.mark.parametrize("place", ["beside the heartbeat log", "in the temporary directory", "nowhere"])
def test_what_is_unexpected_is_in_a_file(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "heartbeat.log" if place.startswith("beside") else Path("/dev/stdout")
    temporary = tmp_path / "temporary"
    if place != "nowhere":
        temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with pytest.raises(KeyError) as bug:
        {}["a bug"]
    assert print_unexpected(bug.value, log) == UNEXPECTED
    said = capsys.readouterr().err
    assert said.startswith("The command failed unexpectedly (KeyError: 'a bug'). ")
    files = list(tmp_path.rglob("ad-metrics-error-*.log"))
    if place == "nowhere":
        assert not files
        assert said.endswith("No directory for a log is writable; HEARTBEAT_LOG names one.\n")
        return
    [file] = files
    assert file.parent == (tmp_path if place.startswith("beside") else temporary)
    assert f"The log {file} has the details." in said
    assert "Traceback" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
