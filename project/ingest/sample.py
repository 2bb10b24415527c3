"""Sample data: made-up facts of plausible shape, for a first look and for benchmarks.

The same arguments give the same facts, on every machine. Every answer of the service says that they are sample data.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import product

from project.ingest.convert.dictionary import Dictionary
from project.ingest.load import load_blocks
from project.ingest.report import Report
from project.ingest.write.records import Record, convert_records
from project.settings import Settings
from project.store.postgres.connections import Notify

DAYS = 420
COMBINATIONS = 300
NAME = "sample data"

_SEED = "ad-metrics"
_PHONES = ("iphone", "android_smartphone")
_TABLETS = ("ipad", "android_tablet")
_ALL = (*_PHONES, *_TABLETS, "desktop")


@dataclass(frozen=True, slots=True)
class _Placement:
    """A placement of a platform: on which devices it shows, and how people behave there."""

    platform: str
    name: str
    devices: tuple[str, ...]
    impressions: int  # a day and combination, about
    click_rate: float
    click_price: float
    like_rate: float


_PLACEMENTS = (
    _Placement("facebook", "feed", _ALL, 2400, 0.012, 0.92, 0.0040),
    _Placement("facebook", "stories", (*_PHONES, *_TABLETS), 1300, 0.007, 0.64, 0.0012),
    _Placement("facebook", "marketplace", _ALL, 700, 0.009, 0.71, 0.0003),
    _Placement("facebook", "right_column", ("desktop",), 900, 0.002, 0.55, 0.0001),
    _Placement("instagram", "feed", (*_PHONES, "desktop"), 2100, 0.010, 1.12, 0.0190),
    _Placement("instagram", "stories", _PHONES, 1700, 0.006, 0.83, 0.0020),
    _Placement("instagram", "reels", _PHONES, 1900, 0.005, 0.58, 0.0160),
    _Placement("instagram", "explore", _PHONES, 600, 0.006, 0.77, 0.0090),
    _Placement("google", "search", _ALL, 800, 0.046, 1.84, 0.0),
    _Placement("google", "display", _ALL, 5200, 0.004, 0.38, 0.0),
    _Placement("google", "youtube", _ALL, 2600, 0.003, 0.29, 0.0),
    _Placement("tiktok", "for_you", (*_PHONES, "android_tablet"), 3100, 0.009, 0.44, 0.0310),
    _Placement("tiktok", "search", _PHONES, 400, 0.014, 0.61, 0.0050),
)
_REGIONS = (
    "California", "Texas", "Florida", "New York", "Pennsylvania", "Illinois", "Ohio", "Georgia", "North Carolina",
    "Michigan", "New Jersey", "Virginia", "Washington", "Arizona", "Tennessee", "Massachusetts", "Indiana", "Missouri",
    "Maryland", "Wisconsin", "Colorado", "Minnesota", "South Carolina", "Alabama",
)  # fmt: skip
_AGES = {"18-24": 0.9, "25-34": 1.4, "35-44": 1.2, "45-54": 0.9, "55-64": 0.7, "65+": 0.5}
_GENDERS = {"female": 1.05, "male": 0.95, "unknown": 0.06}
_WEEKDAYS = (0.97, 0.95, 0.96, 1.0, 1.06, 1.12, 1.09)  # Monday first: people scroll more at the weekend
_WORKING_WEEK = (1.14, 1.16, 1.13, 1.09, 0.98, 0.72, 0.78)  # and search for things to buy at work


async def load_sample(
    settings: Settings, end: date, days: int = DAYS, combinations: int = COMBINATIONS, *, notify: Notify = print
) -> Report:
    """Load the sample data up to and including `end`. Raises LoadRefused where there is real data."""
    report, dictionary = Report(files=[{"name": NAME}]), Dictionary()
    records = _counted(sample_records(end, days, combinations), report)
    await load_blocks(convert_records(records, dictionary), dictionary, report, settings, sample=True, notify=notify)
    return report


def sample_records(end: date, days: int = DAYS, combinations: int = COMBINATIONS) -> Iterator[Record]:
    """Yield `days` × `combinations` records, day by day; the keys of a day differ."""
    combined = _combinations(combinations)
    for days_before in range(days - 1, -1, -1):
        day = end - timedelta(days=days_before)
        dice = random.Random(f"{_SEED} {day}")  # noqa: S311 - made up, not secret
        for placement, labels, weight in combined:
            yield Record(day, labels, _measures(placement, day, weight, dice))


def _combinations(count: int) -> list[tuple[_Placement, dict[str, str], float]]:
    """Return placements, each with labels and how large its facts are."""
    everything = [
        (placement, region, age, gender, device)
        for placement in _PLACEMENTS
        for region, age, gender, device in product(_REGIONS, _AGES, _GENDERS, placement.devices)
    ]
    if count > len(everything):
        raise ValueError(f"there are {len(everything)} combinations, not {count}")
    dice = random.Random(_SEED)  # noqa: S311
    weighted = []
    for placement, region, age, gender, device in dice.sample(everything, count):
        share = _AGES[age] * _GENDERS[gender] * (1.5 - _REGIONS.index(region) / len(_REGIONS))
        labels = {"region": region, "age_range": age, "gender": gender, "device_type": device}
        labels |= {"platform": placement.platform, "placement": placement.name}
        weighted.append((placement, labels, share * dice.uniform(0.5, 1.6)))
    return weighted


def _measures(placement: _Placement, day: date, weight: float, dice: random.Random) -> dict[str, int | Decimal]:
    rhythm = _WORKING_WEEK if placement.name == "search" else _WEEKDAYS
    season = 1 + 0.22 * math.cos((day.timetuple().tm_yday - 335) / 365 * 2 * math.pi)  # peaks around 1 December
    level = placement.impressions * weight * rhythm[day.weekday()] * season
    impressions = max(1, round(level * dice.lognormvariate(0, 0.18)))
    clicks = _successes(impressions, placement.click_rate, dice)
    cost = Decimal(round(clicks * placement.click_price * season * dice.lognormvariate(0, 0.12) * 100)) / 100
    return {
        "impressions": impressions,
        "clicks": clicks,
        "cost": cost,
        "conversions": _successes(clicks, 0.06, dice),
        "likes": _successes(impressions, placement.like_rate, dice),
    }


def _successes(trials: int, rate: float, dice: random.Random) -> int:
    """Return about how many of the trials succeed: a binomial's mean and spread, at the cost of a normal's."""
    mean = trials * rate
    return min(trials, max(0, round(dice.gauss(mean, math.sqrt(mean * (1 - rate))))))


def _counted(records: Iterator[Record], report: Report) -> Iterator[Record]:
    for record in records:
        report.rows_read += 1
        yield record
