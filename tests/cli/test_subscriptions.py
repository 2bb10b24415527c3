"""`ad-metrics subscribe`, `subscriptions`, `deliveries` and `deliver`, as an operator types them."""

import base64
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from tests.cli.conftest import Done
from tests.support.mail import mailbox

Typed = Callable[..., Done]

MAIL = {"SMTP_URL": "smtp://127.0.0.1:9", "MAIL_FROM": "reports@example.com", "TIMEZONE": "Europe/Berlin"}
MONDAY = ["--cron", "0 7 * * mon"]
BOSS = ["--to", "boss@example.com"]


@pytest.fixture
async def with_view(database: str) -> str:
    """The URL of a database with a view and no facts."""
    return await with_weekly_spend(database)


@pytest.fixture(scope="module")
async def unchanged_with_view(unchanged_database: str) -> str:
    """The same, for the tests that leave it as it is."""
    return await with_weekly_spend(unchanged_database)


async def with_weekly_spend(url: str) -> str:
    connection = await asyncpg.connect(url)
    await connection.execute("INSERT INTO saved_view VALUES ('weekly-spend', 'Weekly spend', 'date_preset=last_week')")
    await connection.close()
    return url


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["weekly-spent", *MONDAY, *BOSS], 1, "No view is called 'weekly-spent'"),
        (["weekly-spent", *MONDAY, *BOSS], 1, "Perhaps: weekly-spend."),
        (["weekly-spend", "--cron", "daily", *BOSS], 2, "--cron 'daily' is not a cron expression such as"),
        (["weekly-spend", *MONDAY, "--to", "boss"], 2, "'boss' is not an address such as boss@example.com"),
        (["weekly-spend", *MONDAY], 2, "give either --to, once or more, or --webhook"),
        (["weekly-spend", *MONDAY, *BOSS, "--webhook", "https://x.de"], 2, "give either --to"),
        (["weekly-spend", *MONDAY, "--webhook", "ftp://x.de"], 2, "is not a URL such as https://"),
        (["weekly-spend", *MONDAY, "--webhook", "https://[x"], 2, "is not a URL such as https://"),
        (["weekly-spend", *MONDAY, "--webhook", "https://x..de/a"], 2, "is not a URL such as https://"),
        (["weekly-spend", *MONDAY, "--webhook", "https://xn--/a"], 2, "is not a URL such as https://"),
        (["weekly-spend", *MONDAY, *BOSS, "--attach", "pdf"], 2, "'pdf' must be one of: xlsx, csv, none"),
    ],
)
def test_what_cannot_be_subscribed_is_a_sentence(
    arguments: list[str], code: int, said: str, typed: Typed, unchanged_with_view: str
) -> None:
    done = typed(["subscribe", *arguments], DATABASE_URL=unchanged_with_view, COLUMNS="200", **MAIL)
    assert done.returncode == code
    assert said in " ".join(done.stderr.replace("│", " ").split())
    assert typed(["subscriptions"]).stdout == ""


@pytest.mark.parametrize("command", [["subscribe", "weekly-spend", *MONDAY], ["deliver", "weekly-spend"]])
def test_mail_needs_a_server(command: list[str], typed: Typed, unchanged_with_view: str) -> None:
    done = typed([*command, *BOSS], DATABASE_URL=unchanged_with_view, COLUMNS="200")
    assert done.returncode == 2
    assert "no mail server is set: set SMTP_URL" in " ".join(done.stderr.replace("│", " ").split())


def test_the_life_of_subscriptions(typed: Typed, with_view: str) -> None:
    settings = {"DATABASE_URL": with_view, **MAIL}
    done = typed(["subscribe", "weekly-spend", *MONDAY, *BOSS, "--to", "Eve <eve@example.com>"], **settings)
    assert done.stdout.startswith("subscription 1: weekly-spend to boss@example.com, eve@example.com, next ")
    assert done.stdout.rstrip().endswith((" 07:00 CET", " 07:00 CEST"))
    assert "PUBLIC_URL is not set" in done.stderr
    assert "needs SMTP_URL, MAIL_FROM and PUBLIC_URL in its own environment" in done.stderr
    url = "https://hooks.example.com/swordfish"
    done = typed(["subscribe", "weekly-spend", *MONDAY, "--webhook", url], PUBLIC_URL="https://ads.example.com")
    secret = done.stdout.splitlines()[1]
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert "PUBLIC_URL is not set" not in done.stderr
    assert "The service sends it, and needs PUBLIC_URL in its own environment" in done.stderr
    first, second = typed(["subscriptions"]).stdout.splitlines()
    assert first.startswith("1  weekly-spend  '0 7 * * mon'  to boss@example.com, eve@example.com  with xlsx  next ")
    assert second.startswith(f"2  weekly-spend  '0 7 * * mon'  to {url}  next ")
    assert secret not in second
    assert typed(["subscriptions", "pause", "1"]).stdout == "paused subscription 1\n"
    assert "  paused 2" in typed(["subscriptions", "list"]).stdout.splitlines()[0]
    assert typed(["subscriptions", "resume", "1"]).stdout == "resumed subscription 1\n"
    assert "paused" not in typed(["subscriptions"]).stdout
    assert typed(["subscriptions", "remove", "1"]).stdout == "removed subscription 1\n"
    done = typed(["subscriptions", "remove", "1"])
    assert (done.returncode, done.stderr.partition(";")[0]) == (1, "There is no subscription 1")
    assert len(typed(["subscriptions"]).stdout.splitlines()) == 1


def test_what_was_not_delivered_is_listed_with_the_reason(typed: Typed, with_view: str) -> None:
    assert typed(["deliveries"], DATABASE_URL=with_view, **MAIL).stderr == "There are no deliveries.\n"
    done = typed(["deliver", "weekly-spend", *BOSS])
    assert (done.returncode, done.stderr) == (1, "not sent to boss@example.com: There are no facts yet.\n")
    line, reason = typed(["deliveries"]).stdout.splitlines()
    assert line.startswith("failed 2")
    assert line.endswith("  weekly-spend  to boss@example.com")
    assert reason == "    There are no facts yet."
    assert typed(["deliveries", "other"]).stdout == ""
    done = typed(["deliver", "weekly-spent", *BOSS])
    assert done.returncode == 1
    assert "Perhaps: weekly-spend." in done.stderr


def test_every_recipient_is_tried(typed: Typed, facts_database: str) -> None:
    typed(["views", "save", "clicks", "metric=clicks"], DATABASE_URL=facts_database)
    recipients = ["--to", "bad@example.com", "--to", "good@example.com"]
    with mailbox() as box:
        box.rcpt_replies = ["550 No such user"]
        done = typed(["deliver", "clicks", *recipients], **MAIL | {"SMTP_URL": box.url})
        assert box.recipients == ["good@example.com"]
    assert (done.returncode, done.stdout) == (1, "sent clicks to good@example.com\n")
    assert done.stderr == "not sent to bad@example.com: The mail server refused the mail: 550 No such user.\n"


def test_a_view_that_is_sent_is_not_deleted(typed: Typed, with_view: str, tmp_path: Path) -> None:
    typed(["subscribe", "weekly-spend", *MONDAY, *BOSS], DATABASE_URL=with_view, **MAIL)
    typed(["views", "save", "other", "metric=clicks"])
    (tmp_path / "views.toml").write_text('[other]\ntitle = "Theirs"\nquery = "metric=cpc"\n')
    for command in (["delete", "weekly-spend"], ["import", str(tmp_path / "views.toml"), "--prune"]):
        done = typed(["views", *command])
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("The view 'weekly-spend' is sent by subscription 1; first `")
        assert "ad-metrics subscriptions remove 1`" in done.stderr
    assert [line.split()[0] for line in typed(["views", "list"]).stdout.splitlines()] == ["other", "weekly-spend"]
    typed(["subscriptions", "remove", "1"])
    assert typed(["views", "delete", "weekly-spend"]).stdout == "deleted weekly-spend\n"
