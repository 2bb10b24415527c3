"""Cron expressions mean what crontab(5) says, compared with a plain reading of it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from project.errors import SettingsError
from project.jobs.cron import MISFIRE_GRACE, cron_schedule, latest_slot, newest_slot, next_slot

DAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NICKNAMES = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * sun",
    "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}  # fmt: skip


class Crontab:
    """What crontab(5) says, minute by minute."""

    def __init__(self, cron: str) -> None:
        self.fields = NICKNAMES.get(cron, cron).lower().split()

    def fires(self, at: datetime) -> bool:
        return at.minute in self.values(0) and at.hour in self.values(1) and self.on(at)

    def on(self, day: datetime) -> bool:
        by_date, by_weekday = day.day in self.values(2), day.isoweekday() % 7 in {n % 7 for n in self.values(4)}
        stars = [self.fields[index].startswith("*") for index in (2, 4)]
        return day.month in self.values(3) and (by_date and by_weekday if any(stars) else by_date or by_weekday)

    def values(self, index: int) -> set[int]:
        low, high = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))[index]
        values: set[int] = set()
        for term in self.fields[index].split(","):
            choice, _, step = term.partition("/")
            if choice == "*":
                first, last = low, high
            else:
                ends = [self.number(index, end) for end in choice.split("-")]
                first, last = ends[0], ends[-1]
                if step and len(ends) == 1:
                    last = high
                if index == 4 and last == 0 < first:
                    last = 7
            values |= {value for value in range(first, last + 1) if (value - first) % int(step or 1) == 0}
        return values

    @staticmethod
    def number(index: int, text: str) -> int:
        if text.isdigit():
            return int(text)
        return DAY_NAMES.index(text) if index == 4 else MONTH_NAMES.index(text) + 1

    def after(self, moment: datetime, until: datetime) -> datetime | None:
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        times = sorted((hour, minute) for hour in self.values(1) for minute in self.values(0))
        while day < until:
            if self.on(day):
                for hour, minute in times:
                    if (slot := day.replace(hour=hour, minute=minute)) > moment:
                        assert self.fires(slot)
                        return slot
            day += timedelta(days=1)
        return None


@st.composite
def fields(draw: st.DrawFn, low: int, high: int, names: tuple[str, ...] = ()) -> str:
    """One field: a list of values, ranges and steps, in numbers and names of any case."""

    def spelled(value: int) -> str:
        if not names or draw(st.booleans()):
            return str(value)
        name = names[(value - low) % len(names)]
        return draw(st.sampled_from([name, name.upper(), name.title()]))

    terms = []
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        first, last = sorted((draw(st.integers(low, high)), draw(st.integers(low, high))))
        kind = draw(st.sampled_from(["*", "*", "value", "range", "open"]))
        if kind == "range" and names == DAY_NAMES and (first, last) == (0, 7):
            first = 1  # sun-sun is one day
        start, end = spelled(first), spelled(last)
        term = "*" if kind == "*" else f"{start}-{end}" if kind == "range" else start
        if kind == "open" or (kind != "value" and draw(st.booleans())):
            term += f"/{draw(st.integers(1, high + 3))}"
        terms.append(term)
    return ",".join(terms)


CRONS = st.one_of(
    st.tuples(fields(0, 59), fields(0, 23), fields(1, 28), fields(1, 12, MONTH_NAMES), fields(0, 7, DAY_NAMES)).map(
        " ".join
    ),
    # Often enough, both restricted, and neither.
    st.tuples(st.just("0 6"), fields(1, 31), st.just("*"), fields(0, 7, DAY_NAMES)).map(" ".join),
    st.sampled_from(sorted(NICKNAMES)),
)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=2900)).map(lambda after: datetime(2023, 1, 1, tzinfo=UTC) + after)


@given(CRONS, MOMENTS)
@example("0 6 * * 1-5", datetime(2024, 3, 1, 7, tzinfo=UTC))
@example("0 6 * * 7", datetime(2024, 3, 1, tzinfo=UTC))
@example("0 6 * * fri-sun", datetime(2024, 3, 1, tzinfo=UTC))
@example("0 6 13 * FRI", datetime(2024, 3, 1, 7, tzinfo=UTC))
@example("0 6 */2 * mon", datetime(2024, 3, 1, tzinfo=UTC))
@example("0 0 29 2 *", datetime(2025, 1, 1, tzinfo=UTC))
def test_slots_are_those_of_crontab(cron: str, moment: datetime) -> None:
    schedule, model = cron_schedule(cron), Crontab(cron)
    for _ in range(3):
        expected = model.after(moment, moment + timedelta(days=366 * 4 + 1))
        if expected is None:  # such as every Monday that is a 29th of February
            assert next_slot(schedule, moment) > moment + timedelta(days=366 * 4)
            return
        assert next_slot(schedule, moment) == expected
        moment = expected


@given(CRONS, MOMENTS)
def test_the_newest_slot_is_one_of_the_last_hour(cron: str, now: datetime) -> None:
    model = Crontab(cron)
    minute = now.replace(second=0, microsecond=0)
    past = [minute - timedelta(minutes=back) for back in range(61)]
    slots = [at for at in past if at > now - MISFIRE_GRACE and model.fires(at)]
    newest = newest_slot(cron_schedule(cron), now)
    assert newest == slots[0] if slots else newest >= now


@given(CRONS, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_the_latest_slot_is_the_last_of_all_since_then(cron: str, after: datetime, while_: timedelta) -> None:
    schedule, slots, moment = cron_schedule(cron), [], after
    while (slot := next_slot(schedule, moment)) and slot <= after + while_ and len(slots) < 200:
        slots.append(slot)
        moment = slot
    assume(len(slots) < 200)
    assert latest_slot(schedule, after, after + while_) == (slots[-1] if slots else None)


@pytest.mark.parametrize(
    ("cron", "hours"),
    [("30 2 * * *", [0, 25, 24]), ("30 * * * *", [0, 1, 1]), ("30 1-3 * * *", [0, 2, 22])],
)
def test_an_hour_that_comes_twice_has_one_slot_of_what_has_an_hour(cron: str, hours: list[int]) -> None:
    schedule = cron_schedule(cron, "cron", ZoneInfo("Europe/Berlin"))
    # On the 25th of October 2026, 3:00 is followed by 2:00.
    moment = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    before = moment - timedelta(minutes=1)
    for elapsed in hours:
        moment += timedelta(hours=elapsed)
        slot = next_slot(schedule, before).astimezone(UTC)
        assert slot == moment
        assert latest_slot(schedule, before, slot) == slot
        before = slot


def test_an_hour_that_is_left_out_moves_its_slot() -> None:
    schedule = cron_schedule("30 2 * * *", "cron", ZoneInfo("Europe/Berlin"))
    slot = next_slot(schedule, datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert slot.astimezone(UTC) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "reason"),
    [
        ("0 0 30 2 *", "never fires: the months that it selects have at most 29 days"),
        ("0 0 31 feb,apr,jun */2", "never fires: the months that it selects have at most 30 days"),
        ("@reboot", "each start of the service writes a line anyway; choose a time"),
        ("@dayly", "did you mean @daily"),
        ("daily", "did you mean @daily"),
        ("0 0 0 * * *", "it has 6 fields instead of five, minute hour day month weekday; leave out seconds and year"),
        ("0 0 * *", "it has 4 fields instead of five, minute hour day month weekday"),
        ("", "it has 0 fields instead of five"),
        ("0 0 L * *", "the day 'L' is not valid: cron has no last day; choose a day from 1 to 28"),
        ("0 0 last * *", "cron has no last day"),
        ("0 0 15W * *", "cron has no nearest weekday"),
        ("0 0 ? * mon", "the day '?' is not valid: write * for any day"),
        ("0 0 * * mon#2", "the weekday 'mon#2' is not valid: cron has no n-th weekday; choose days or a weekday"),
        ("0 0 * * 5L", "cron has no last day"),
        ("60 * * * *", "the minute '60' is not in 0 to 59"),
        ("0 24 * * *", "the hour '24' is not in 0 to 23"),
        ("0 0 0 * *", "the day '0' is not in 1 to 31"),
        ("0 0 * 13 *", "the month '13' is not in 1 to 12"),
        ("0 0 * * 8", "the weekday '8' is not in 0 to 7"),
        ("0 0 * janu *", "the month 'janu' is not valid: expected 1 to 12, or jan to dec"),
        ("0 0 * * monday", "the weekday 'monday' is not valid: expected 0 to 7, or sun to sat"),
        ("0 fri * * *", "the hour 'fri' is not valid: expected 0 to 23"),
        ("0 0 * * fri-mon", "the weekday 'fri-mon' runs backwards; write two ranges, with a comma"),
        ("50-10 * * * *", "the minute '50-10' runs backwards"),
        ("*/0 * * * *", "the minute '*/0' has a step of 0"),
        ("*/-1 * * * *", "the minute '*/-1' is not valid: expected *, a number, a range such as 1-5"),
        ("1,,2 * * * *", "the minute '' is not valid"),
        ("1.5 * * * *", "the minute '1.5' is not valid"),
    ],
)  # fmt: skip
def test_other_expressions_are_refused_with_the_reason(cron: str, reason: str) -> None:
    with pytest.raises(SettingsError) as refused:
        cron_schedule(cron, "CHECK_CRON")
    assert str(refused.value).startswith(f"CHECK_CRON {cron!r} ")
    assert reason in str(refused.value)


@given(st.text(alphabet="0123456789*/,- @?#LWadefhijmnorstuvyx\t", max_size=20))
def test_any_other_text_is_a_schedule_or_a_sentence(text: str) -> None:
    try:
        schedule = cron_schedule(text)
    except SettingsError:
        return
    assert next_slot(schedule, datetime(2024, 3, 1, tzinfo=UTC)) is not None
