"""The kinds of charts: what each can show, and how many groups have names in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from project.catalog import GRAINS, MEASURE_NAMES
from project.catalog.display import display_name
from project.errors import Fault, InvalidRequest
from project.query.reports.question import ReportQuestion

LARGEST_LIMIT = 50
"""How many labels a chart names at most, however many are asked for."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of chart.

    `series` is how many series have names: so many colours people can distinguish. `labels` is how many labels have
    names on an axis that is not of dates, and `grouped_labels` how many where each has several series. `incomplete` is
    how it draws days that have not settled, and buckets that lack some of their days, and `previous` how it draws the
    previous period; "" where that depends on the series.
    """

    name: str
    series: int
    labels: int
    grouped_labels: int
    incomplete: str
    previous: str = ""
    needs_dates: bool = False
    needs_series: bool = False
    adds_up: bool = False
    colors_series: bool = True

    def named(self, limit: int | None, *, has_series: bool) -> tuple[int, int]:
        """Return how many labels and how many series have names; `limit` is how many were asked for."""
        labels = self.grouped_labels if has_series else self.labels
        return min(limit or labels, LARGEST_LIMIT), min(limit or self.series, self.series)


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("line", 6, 20, 8, "dashed", needs_dates=True),
        Kind("area", 6, 20, 8, "lighter", "grey line", needs_dates=True, adds_up=True),
        Kind("bar", 6, 20, 8, "lighter"),
        Kind("heatmap", 20, 20, 20, "lighter", "under the pointer", needs_series=True, colors_series=False),
    )
}


def kind_of(question: ReportQuestion, name: str | None) -> Kind:
    """Return the kind that was asked for, else the one that suits a question: lines over dates, and bars.

    Raises InvalidRequest for a report that is not grouped, since one number needs no picture, and for one that the kind
    cannot show.
    """
    if not question.group_by:
        detail = "A picture shows groups side by side; this report is not grouped."
        raise InvalidRequest([Fault("group_by", "missing_parameter", detail, suggestions=("group_by=date",))])
    usual = "line" if question.grain else "bar"
    kind = KINDS[name or usual]
    if can_show(kind, question.group_by, question.metrics):
        return kind
    grouped, dimensions = ",".join(question.group_by), " and ".join(question.group_by)
    if kind.needs_dates and not question.grain:
        detail = f"chart={kind.name} runs over dates, and the report is grouped by {dimensions} only."
        suggestions = [f"group_by=date,{grouped}", "chart=bar"]
    elif kind.needs_series and len(question.group_by) == 1:
        detail = f"chart={kind.name} has rows and columns, and the report is grouped by {dimensions} only."
        other = next(name for name in ("platform", "device_type") if name != grouped)
        suggestions = [f"group_by={grouped},{other}", f"chart={usual}"]
    else:
        [ratio, *_] = [metric for metric in question.metrics if metric not in MEASURE_NAMES]
        detail = f"chart={kind.name} stacks sums, and {display_name(ratio)} is a ratio: its parts do not add up."
        suggestions = ["chart=line"]
    raise InvalidRequest([Fault("chart", "conflicting_parameters", detail, kind.name, tuple(suggestions))])


def can_show(kind: Kind, group_by: Sequence[str], metrics: Sequence[str]) -> bool:
    """Whether a kind can show a report by these dimensions."""
    return (
        not (kind.needs_dates and GRAINS.keys().isdisjoint(group_by))
        and not (kind.needs_series and len(group_by) == 1)
        and not (kind.adds_up and not {*metrics} <= {*MEASURE_NAMES})
    )
