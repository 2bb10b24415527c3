"""Metrics: stored additive measures, and formulas over their sums.

A new formula needs an entry here; a new measure needs an entry, its columns in the models, a migration and its columns
in the load presets.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from operator import itemgetter
from typing import Literal

Unit = Literal["count", "currency", "ratio"]
Better = Literal["higher", "lower", "neither"]
"""Which change of a metric is good news."""

Number = int | Decimal

ROUNDED = Context(prec=15)
"""Rounding of quotients: 15 significant digits, half to even, as many as a client's double preserves."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A stored, additive, non-negative column of the facts.

    `decimals` is its number of digits after the point: with 0 it is a bigint, else a numeric of 18 digits in all.
    """

    name: str
    unit: Unit
    description: str
    decimals: int = 0
    better: Better = "higher"

    @property
    def bound(self) -> int:
        """The first number that is too large for its column."""
        return 10 ** (18 - self.decimals) if self.decimals else 2**63

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures whose sums it needs."""
        return (self.name,)

    def over(self, measures: Sequence[str]) -> Callable[[Sequence[Number]], Number]:
        """Return the function that computes its value from the sums of these measures, in this order."""
        return itemgetter(measures.index(self.name))


@dataclass(frozen=True, slots=True)
class Formula:
    """`factor` × the sum of `numerator` ÷ the sum of `denominator`, as ROUNDED; null where the denominator is 0.

    Always a ratio of sums, at every level of grouping: never a sum or a mean of ratios.
    """

    name: str
    numerator: str
    denominator: str
    unit: Unit
    description: str
    factor: int = 1
    better: Better = "higher"

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures whose sums it needs."""
        return (self.numerator, self.denominator)

    def over(self, measures: Sequence[str]) -> Callable[[Sequence[Number]], Decimal | None]:
        """Return the function that computes its value, or None, from the sums of these measures, in this order."""
        above, below, factor = measures.index(self.numerator), measures.index(self.denominator), self.factor
        divide = ROUNDED.divide

        def value(sums: Sequence[Number]) -> Decimal | None:
            return divide(Decimal(factor * sums[above]), Decimal(sums[below])) if sums[below] else None

        return value

    @property
    def expression(self) -> str:
        """The formula as text: `1000 * cost / impressions`."""
        scaled = self.numerator if self.factor == 1 else f"{self.factor} * {self.numerator}"
        return f"{scaled} / {self.denominator}"


MEASURES = (
    Measure("impressions", "count", "How often ads were shown."),
    Measure("clicks", "count", "Clicks on ads."),
    Measure("cost", "currency", "What was spent.", decimals=6, better="neither"),
    Measure("conversions", "count", "Actions wanted by the advertiser, as the platform attributes them."),
    Measure("likes", "count", "Reactions to ads; platforms without them report 0."),
)

MEASURE_NAMES = tuple(measure.name for measure in MEASURES)

DECIMAL_MEASURES = frozenset(measure.name for measure in MEASURES if measure.decimals)

FORMULAS = (
    Formula("ctr", "clicks", "impressions", "ratio", "Click-through rate."),
    Formula("cpc", "cost", "clicks", "currency", "Cost per click.", better="lower"),
    Formula("cpm", "cost", "impressions", "currency", "Cost per thousand impressions.", factor=1000, better="lower"),
    Formula("cost_per_conversion", "cost", "conversions", "currency", "Cost per conversion.", better="lower"),
    Formula("conversion_rate", "conversions", "clicks", "ratio", "Conversions per click."),
    Formula("like_rate", "likes", "impressions", "ratio", "Likes per impression."),
)

KEY_METRICS = ("cost", "conversions", "cost_per_conversion", "clicks", "ctr")
"""What an overview shows first."""

METRICS: dict[str, Measure | Formula] = {metric.name: metric for metric in (*MEASURES, *FORMULAS)}
