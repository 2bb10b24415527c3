"""Changes, and amounts that are short enough for a tile."""

from collections.abc import Container, Sequence
from itertools import pairwise

from markupsafe import Markup

from project.catalog import METRICS, Number
from project.catalog.display import format_amount
from project.query.reports.groups import Change

_SHORTENED = 10_000
_SAID = {"good": "better", "bad": "worse"}
_LETTERS = {10**12: "T", 10**9: "B", 10**6: "M", 10**3: "k"}


def format_change(metric: str, change: Change | None) -> str:
    """Return a change: `+4.2%`, of a ratio in points, `+0.03 pp`; "" where there is none."""
    if change is None or change.change is None:
        return ""
    if METRICS[metric].unit == "ratio":
        points = 100 * change.change
        # Below a hundredth, one digit says more than 0.00.
        return f"{points:+.2f} pp" if round(points, 2) or not points else f"{points:+.1g} pp"
    return "" if change.change_ratio is None else f"{100 * change.change_ratio:+z.1f}%"


def judge_change(metric: str, change: Change | None) -> str:
    """Return `good` or `bad`, as the catalogue says; "" of what is neither, or is shown as 0."""
    better, text = METRICS[metric].better, format_change(metric, change)
    is_zero = text != "" and not text.strip("+-0.% p")
    if change is None or not change.change or is_zero or better == "neither":
        return ""
    return "good" if (change.change > 0) == (better == "higher") else "bad"


def change_html(metric: str, change: Change | None, *, amount: bool = False) -> Markup:
    """Return a change as HTML, coloured by whether it is good, which it also says to those who cannot see it.

    `amount` adds how much it is beside its percentage.
    """
    text, verdict = format_change(metric, change), judge_change(metric, change)
    said = f'<span class="unseen"> {_SAID[verdict]}</span>' if verdict else ""
    if amount and change and change.change is not None and METRICS[metric].unit != "ratio":
        sign = "+" if change.change > 0 else ""
        text += f" <small>{sign}{format_amount(metric, change.change)}</small>"
    return Markup(f'<span class="change {verdict}">{text}{said}</span>' if text else "")  # noqa: S704 - numbers alone


def format_compact(metric: str, value: Number | None) -> str:
    """Return an amount with four digits and a letter: `12.34M`; one below 10,000 in full, and "–" without one."""
    if value is None:
        return "–"
    for size, letter in _LETTERS.items():
        if METRICS[metric].unit != "ratio" and value >= max(size, _SHORTENED):
            return f"{value / size:,.4g}{letter}" if value < 1000 * size else f"{value / size:,.0f}{letter}"
    return format_amount(metric, value)


def sparkline(
    values: Sequence[Number | None], incomplete: Container[int] = (), width: int = 120, height: int = 28
) -> tuple[str, str]:
    """Return the path of a line through these values, and that of its parts to and from incomplete ones, by index.

    The line is as high as from the lowest value to the highest; both paths are "" of fewer than two values.
    """
    numbers = {index: float(value) for index, value in enumerate(values) if value is not None}
    if len(numbers) < 2:
        return "", ""
    lowest, extent = min(numbers.values()), max(numbers.values()) - min(numbers.values()) or 1
    step = (width - 2) / (len(values) - 1)
    paths = ["", ""]
    for (start, before), (end, after) in pairwise(numbers.items()):
        ends = [
            f"{1 + index * step:.1f},{height - 1 - (value - lowest) / extent * (height - 2):.1f}"
            for index, value in ((start, before), (end, after))
        ]
        dashed = start in incomplete or end in incomplete
        joined = paths[dashed].endswith(f"{ends[0]}")
        paths[dashed] += f"L{ends[1]}" if joined else f"M{ends[0]}L{ends[1]}"
    return paths[0], paths[1]
