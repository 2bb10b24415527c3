"""Each subscriber gets each slot once, whatever mail servers, processes and clocks do."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from loguru import logger

from project.delivery import dispatch, smtp, subscriptions
from project.delivery.queue import BACKOFF, LEASE
from project.doctor import examine
from project.errors import NotDelivered
from project.settings import Settings
from tests.conftest import Client
from tests.delivery.conftest import Deliveries
from tests.support.mail import bad_server, dies_with_the_mail, greets_and_dies, hangs, hook, mailbox

SLOT = datetime(2024, 3, 11, 7, tzinfo=UTC)
BOSS, EVE = "boss@example.com", "eve@example.com"


async def test_each_recipient_gets_one_mail_a_slot(deliveries: Deliveries) -> None:
    await deliveries.subscribe(BOSS, EVE)
    with mailbox() as box:
        await deliveries.send(SLOT - timedelta(seconds=1), smtp_url=box.url)
        assert box.mails == []
        for minutes in (0, 1, 2, 600):
            await deliveries.send(SLOT + timedelta(minutes=minutes), smtp_url=box.url)
            assert box.recipients == [BOSS, EVE], await deliveries.errors()
        await deliveries.send(SLOT + timedelta(days=7), smtp_url=box.url)
        assert box.recipients == [BOSS, BOSS, EVE, EVE]
    assert await deliveries.states() == [(BOSS, "sent", 1), (EVE, "sent", 1)] * 2


async def test_two_leaders_at_once_send_one_mail(deliveries: Deliveries) -> None:
    await deliveries.subscribe(BOSS, EVE, cron="0 * * * *")
    with mailbox() as box:
        leaders = [deliveries.dispatcher(smtp_url=box.url) for _ in range(3)]
        for hour in range(4):
            deliveries.clock.move_to(SLOT + timedelta(hours=hour))
            await asyncio.gather(*(leader.send_due() for leader in leaders))
            assert box.recipients == [BOSS] * (hour + 1) + [EVE] * (hour + 1)


async def test_of_the_slots_that_were_missed_the_newest_is_sent(deliveries: Deliveries) -> None:
    await deliveries.subscribe(BOSS)
    with mailbox() as box:
        await deliveries.send(SLOT + timedelta(days=23), smtp_url=box.url)
        assert [mail["Subject"].partition(":")[0] for mail in box.mails] == ["Weekly spend, 25–31 Mar 2024"]
    assert await deliveries.connection.fetchval("SELECT slot FROM delivery") == SLOT + timedelta(days=21)


async def test_slots_are_in_the_time_zone_of_the_service(deliveries: Deliveries) -> None:
    await deliveries.subscribe(BOSS)
    with mailbox() as box:
        await deliveries.send(SLOT, smtp_url=box.url, timezone="America/New_York")
        assert box.mails == []
        await deliveries.send(SLOT + timedelta(hours=4), smtp_url=box.url, timezone="America/New_York")
        assert box.recipients == [BOSS]


async def test_a_clock_that_was_ahead_silences_nobody(deliveries: Deliveries) -> None:
    await deliveries.subscribe(BOSS)
    with mailbox() as box:
        await deliveries.send(SLOT + timedelta(days=3650), smtp_url=box.url)
        assert len(box.mails) == 1
        await deliveries.send(SLOT - timedelta(hours=1), smtp_url=box.url)
        await deliveries.send(SLOT, smtp_url=box.url)
        assert len(box.mails) == 2


async def test_what_is_refused_for_now_is_sent_later_also_by_another_process(deliveries: Deliveries) -> None:
    await deliveries.subscribe(BOSS, EVE)
    with mailbox() as box:
        box.rcpt_replies = ["451 try again later"]
        box.data_replies = ["452 disk full"]
        await deliveries.send(SLOT, smtp_url=box.url)
        assert await deliveries.states() == [(BOSS, "pending", 1), (EVE, "pending", 1)]
        assert sorted(await deliveries.errors()) == [
            "The mail server refused the mail: 451 try again later.", "The mail server refused the mail: 452 disk full.",
        ]  # fmt: skip
        await deliveries.send(SLOT + BACKOFF[0] - timedelta(seconds=1), smtp_url=box.url)
        assert box.mails == []
        await deliveries.send(SLOT + BACKOFF[0], smtp_url=box.url)
        assert box.recipients == [BOSS, EVE]


async def test_what_is_refused_for_good_is_not_tried_again(deliveries: Deliveries) -> None:
    await deliveries.subscribe(BOSS)
    with mailbox() as box:
        box.rcpt_replies = ["550 no such person"]
        await deliveries.send(SLOT, smtp_url=box.url)
        await deliveries.send(SLOT + timedelta(days=1), smtp_url=box.url)
        assert box.mails == []
    assert await deliveries.states() == [(BOSS, "failed", 1)]
    assert await deliveries.errors() == ["The mail server refused the mail: 550 no such person."]


@pytest.mark.slow
async def test_a_server_that_greets_and_dies_is_tried_for_a_day(deliveries: Deliveries) -> None:
    await deliveries.subscribe(BOSS)
    lines: list[str] = []
    sink = logger.add(lines.append, level="ERROR", format="{message}")
    async with bad_server(greets_and_dies) as url:
        moment = SLOT
        for attempt, delay in enumerate((*BACKOFF, timedelta(days=1)), 1):
            await deliveries.send(moment, smtp_url=url)
            assert await deliveries.states() == [(BOSS, "pending" if attempt <= len(BACKOFF) else "failed", attempt)]
            moment += delay
        assert moment - timedelta(days=1) - SLOT > timedelta(hours=20)
        await deliveries.send(moment, smtp_url=url)
    logger.remove(sink)
    assert (await deliveries.states())[0][1:] == ("failed", len(BACKOFF) + 1)
    [error] = await deliveries.errors()
    assert error.endswith("Given up after 8 attempts.")
    assert [line.partition(":")[0] for line in lines] == ["Did not send the view weekly-spend of 2024-03-11T07"]


@pytest.mark.slow
async def test_a_server_that_hangs_delays_nobody_else(deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "_TIMEOUT", 1.0)
    await deliveries.subscribe(BOSS)
    with hook() as received:
        await deliveries.subscribe(received.url, secret=b"x" * 32)
        async with bad_server(hangs) as url:
            deliveries.clock.move_to(SLOT)
            sending = asyncio.create_task(deliveries.dispatcher(smtp_url=url).send_due())
            while not received.calls:
                await asyncio.sleep(0.01)
                assert not sending.done()
            await sending
    assert [state for _, state, _ in await deliveries.states()] == ["pending", "sent"]
    assert (await deliveries.errors())[0].startswith("The mail server 127.0.0.1 cannot be used: ")


@pytest.mark.parametrize("url", ["smtp://127.0.0.1:1", "smtps://127.0.0.1:1", "smtp://no-such-host.invalid"])
async def test_a_server_that_is_away_is_named_without_its_password(deliveries: Deliveries, url: str) -> None:
    await deliveries.subscribe(BOSS)
    lines: list[str] = []
    sink = logger.add(lines.append, level="TRACE", format="{message}")
    await deliveries.send(SLOT, smtp_url=url.replace("://", "://user:sword%2Ffish@"))
    logger.remove(sink)
    [error] = await deliveries.errors()
    assert error.startswith(f"The mail server {url.partition('//')[2].partition(':')[0]} cannot be used")
    assert "fish" not in error + "".join(lines)
    assert await deliveries.states() == [(BOSS, "pending", 1)]


async def test_a_mail_that_may_have_arrived_is_not_sent_again(deliveries: Deliveries) -> None:
    await deliveries.subscribe(BOSS)
    async with bad_server(dies_with_the_mail) as url:
        await deliveries.send(SLOT, smtp_url=url)
    assert await deliveries.states() == [(BOSS, "unknown", 1)]
    assert "it may have arrived" in (await deliveries.errors())[0]
    with mailbox() as box:
        await deliveries.send(SLOT + timedelta(days=2), smtp_url=box.url)
        assert box.mails == []


@pytest.mark.parametrize(("state", "became"), [("pending", "sent"), ("sending", "unknown")])
async def test_what_a_killed_process_had_claimed(deliveries: Deliveries, state: str, became: str) -> None:
    """Before the server takes it, another process sends it later; after that, nobody knows."""
    await deliveries.subscribe(BOSS)
    await deliveries.connection.execute("UPDATE subscription SET slot = $1", SLOT)
    await deliveries.connection.execute(
        "INSERT INTO delivery (subscription_id, view, slot, target, state, attempts, tried_at, next_try_at)"
        " SELECT id, view, slot, targets[1], $1, 1, $2, $3 FROM subscription", state, SLOT, SLOT + LEASE,
    )  # fmt: skip
    with mailbox() as box:
        await deliveries.send(SLOT + LEASE - timedelta(seconds=1), smtp_url=box.url)
        assert await deliveries.states() == [(BOSS, state, 1)]
        await deliveries.send(SLOT + LEASE + timedelta(seconds=1), smtp_url=box.url)
        assert [state for _, state, _ in await deliveries.states()] == [became]
        assert len(box.mails) == (became == "sent")


async def test_what_an_operator_interrupted_is_not_sent_later(deliveries: Deliveries) -> None:
    await deliveries.connection.execute(
        "INSERT INTO delivery (view, slot, target, attempts, tried_at, next_try_at)"
        " VALUES ('weekly-spend', $1, $2, 1, $1, $3)", SLOT, BOSS, SLOT + LEASE,
    )  # fmt: skip
    with mailbox() as box:
        await deliveries.send(SLOT + LEASE - timedelta(seconds=1), smtp_url=box.url)
        assert await deliveries.states() == [(BOSS, "pending", 1)]
        await deliveries.send(SLOT + LEASE, smtp_url=box.url)
        assert await deliveries.states() == [(BOSS, "failed", 1)]
        assert box.mails == []


async def test_a_process_that_slept_through_its_lease_sends_nothing(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    await deliveries.subscribe(BOSS)
    with mailbox() as box:
        deliveries.clock.move_to(SLOT)
        asleep, awake = asyncio.Event(), asyncio.Event()
        send = dispatch.send

        async def sleeping(*arguments: object) -> None:
            asleep.set()
            await awake.wait()
            await send(*arguments)

        monkeypatch.setattr(dispatch, "send", sleeping)
        first = asyncio.create_task(deliveries.dispatcher(smtp_url=box.url).send_due())
        await asleep.wait()
        monkeypatch.setattr(dispatch, "send", send)
        await deliveries.send(SLOT + LEASE, smtp_url=box.url)
        assert len(box.mails) == 1
        awake.set()
        await first
        await deliveries.send(SLOT + 2 * LEASE, smtp_url=box.url)
        assert len(box.mails) == 1
    assert await deliveries.states() == [(BOSS, "sent", 2)]


@pytest.mark.parametrize("change", [subscriptions.pause, subscriptions.remove])
async def test_what_is_removed_during_an_attempt_is_not_tried_again(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    with hook() as received:
        id_ = await deliveries.subscribe(received.url, secret=b"x" * 32)
        call = dispatch.call

        async def removed_meanwhile(*arguments: Any) -> None:
            await change(deliveries.connection, id_)
            await call(*arguments)

        monkeypatch.setattr(dispatch, "call", removed_meanwhile)
        received.answers = [500]
        await deliveries.send(SLOT)
        await deliveries.send(SLOT + timedelta(days=1))
        assert len(received.calls) == 1
    assert await deliveries.states() == []


async def test_a_view_that_has_gone_or_is_no_longer_valid_is_said(deliveries: Deliveries) -> None:
    await deliveries.subscribe(BOSS)
    with mailbox() as box:
        await deliveries.connection.execute("UPDATE saved_view SET query = 'platform=facebok'")
        await deliveries.send(SLOT, smtp_url=box.url)
        await deliveries.connection.execute("DELETE FROM saved_view")
        await deliveries.send(SLOT + timedelta(days=7), smtp_url=box.url)
        assert box.mails == []
    assert [state for _, state, _ in await deliveries.states()] == ["failed", "failed"]
    invalid, gone = await deliveries.errors()
    assert "No platform is called 'facebok'." in invalid
    assert "No view is called 'weekly-spend'" in gone


async def test_a_service_that_ends_finishes_what_it_sends_and_begins_nothing(deliveries: Deliveries) -> None:
    await deliveries.subscribe(*(f"{number}@example.com" for number in range(9)))
    with mailbox() as box:
        box.seconds = 0.3
        deliveries.clock.move_to(SLOT)
        dispatcher = deliveries.dispatcher(smtp_url=box.url)
        sending = asyncio.create_task(dispatcher.send_due())
        while "sending" not in {state for _, state, _ in await deliveries.states()}:
            await asyncio.sleep(0.01)
        sending.cancel()
        await dispatcher.aclose()
        assert 1 <= len(box.mails) <= 4
    states = [state for _, state, _ in await deliveries.states()]
    assert sorted(states) == ["pending"] * (9 - len(box.mails)) + ["sent"] * len(box.mails)


async def test_a_view_is_sent_once_now(deliveries: Deliveries) -> None:
    with mailbox() as box:
        once = deliveries.dispatcher(smtp_url=box.url)
        await once.send_once("weekly-spend", BOSS, None)
        box.rcpt_replies = ["451 try again later"]
        with pytest.raises(NotDelivered, match="451 try again later"):
            await once.send_once("weekly-spend", EVE, None)
        await deliveries.send(SLOT + timedelta(days=7), smtp_url=box.url)
        assert box.recipients == [BOSS]
    assert await deliveries.states() == [(BOSS, "sent", 1), (EVE, "failed", 1)]


@pytest.mark.parametrize("change", [subscriptions.pause, subscriptions.remove])
async def test_what_is_paused_or_removed_is_not_sent(deliveries: Deliveries, change: Any) -> None:
    id_ = await deliveries.subscribe(BOSS)
    with mailbox() as box:
        box.rcpt_replies = ["451 try again later"]
        await deliveries.send(SLOT, smtp_url=box.url)
        await change(deliveries.connection, id_)
        await deliveries.send(SLOT + timedelta(days=7), smtp_url=box.url)
        assert box.mails == []
    assert await deliveries.states() == []


@pytest.mark.slow
async def test_metrics_and_doctor_say_what_was_not_delivered(deliveries: Deliveries, serving: Client) -> None:
    await deliveries.subscribe(BOSS, EVE)
    with mailbox() as box:
        box.rcpt_replies = ["550 no such person"]
        await deliveries.send(SLOT, smtp_url=box.url)
    async with serving(deliveries.url) as client:
        text = (await client.get("/metrics")).text
    assert {"ad_metrics_deliveries_sent 1.0", "ad_metrics_deliveries_failed_total 1.0",
            "ad_metrics_deliveries_unknown_total 0.0", "ad_metrics_deliveries_pending 0.0"} <= set(text.splitlines())  # fmt: skip

    async def found() -> list[tuple[str, str]]:
        findings = await examine(Settings(database_url=deliveries.url))
        return [(finding.state, finding.detail) for finding in findings if finding.name == "deliveries"]

    failed = ("warn", "In the last 7 days, 1 were not sent; 0 wait for another attempt.")
    assert await found() == [
        ("fail", "1 subscriptions send mail, and this environment has no SMTP_URL and MAIL_FROM."),
        ("warn", "1 subscriptions send no links, since this environment has no PUBLIC_URL."),
        failed,
    ]
    await deliveries.connection.execute("UPDATE subscription SET paused_at = now()")
    assert await found() == [failed]


async def test_what_was_sent_is_forgotten_after_90_days_and_what_failed_is_not(deliveries: Deliveries) -> None:
    await deliveries.subscribe(BOSS, EVE)
    with mailbox() as box:
        box.rcpt_replies = ["550 No such user"]
        await deliveries.send(SLOT, smtp_url=box.url)
        before = await deliveries.states()
        assert sorted(state for _, state, _ in before) == ["failed", "sent"]
        await deliveries.connection.execute("UPDATE subscription SET paused_at = now()")
        await deliveries.send(SLOT + timedelta(days=89), smtp_url=box.url)
        assert await deliveries.states() == before
        await deliveries.send(SLOT + timedelta(days=91), smtp_url=box.url)
        # The counter of failures, which alarms watch, does not decrease.
        assert [state for _, state, _ in await deliveries.states()] == ["failed"]
        # The database's clock is believed, too.
        await deliveries.connection.execute("UPDATE delivery SET state = 'sent', tried_at = now() - interval '1 day'")
        await deliveries.send(SLOT + timedelta(days=36_500), smtp_url=box.url)
        assert len(await deliveries.states()) == 1


async def test_without_the_database_nothing_is_sent_and_nothing_raised(deliveries: Deliveries) -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, level="WARNING", format="{message}")
    away = deliveries.dispatcher()
    away._settings = Settings(database_url="postgresql://u:swordfish@127.0.0.1:9/d")
    await away.send_due()
    await away.send_due()
    logger.remove(sink)
    assert [line.partition(":")[0] for line in lines] == ["Nothing is delivered for now"]
