"""Metrics: stored additive measures, and formulas over their sums."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Literal

Unit = Literal["count", "currency", "ratio"]
Number = int | Decimal

ROUNDED = Context(prec=15)
"""How a quotient is rounded: to 15 significant digits, half to even; that many survive a reader's double."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A stored, additive, non-negative column of the facts.

    `decimals` is how many digits after the point it keeps: 0 is a bigint, else a numeric of 18 digits in all.
    """

    name: str
    unit: Unit
    description: str
    decimals: int = 0

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures whose sums it is made of."""
        return (self.name,)

    def of(self, sums: Mapping[str, Number]) -> Number:
        """Return its value where the measures have these sums."""
        return sums[self.name]


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

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures whose sums it is made of."""
        return (self.numerator, self.denominator)

    def of(self, sums: Mapping[str, Number]) -> Decimal | None:
        """Return its value where the measures have these sums, or None where it has none."""
        if not sums[self.denominator]:
            return None
        return ROUNDED.divide(Decimal(self.factor * sums[self.numerator]), Decimal(sums[self.denominator]))

    @property
    def expression(self) -> str:
        """The formula as people write it: `1000 * cost / impressions`."""
        scaled = self.numerator if self.factor == 1 else f"{self.factor} * {self.numerator}"
        return f"{scaled} / {self.denominator}"


MEASURES = (
    Measure("impressions", "count", "How often ads were shown."),
    Measure("clicks", "count", "Clicks on ads."),
    Measure("cost", "currency", "What was spent.", decimals=6),
    Measure("conversions", "count", "Actions wanted by the advertiser, as the platform attributes them."),
    Measure("likes", "count", "Reactions to ads; platforms without them report 0."),
)

FORMULAS = (
    Formula("ctr", "clicks", "impressions", "ratio", "Click-through rate."),
    Formula("cpc", "cost", "clicks", "currency", "Cost per click."),
    Formula("cpm", "cost", "impressions", "currency", "Cost per thousand impressions.", factor=1000),
    Formula("cost_per_conversion", "cost", "conversions", "currency", "Cost per conversion."),
    Formula("conversion_rate", "conversions", "clicks", "ratio", "Conversions per click."),
    Formula("like_rate", "likes", "impressions", "ratio", "Likes per impression."),
)

METRICS: dict[str, Measure | Formula] = {metric.name: metric for metric in (*MEASURES, *FORMULAS)}
