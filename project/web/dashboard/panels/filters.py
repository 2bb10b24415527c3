"""The filters, the comparison, and the filters in effect."""

from collections.abc import Iterator
from urllib.parse import urlencode

from project.catalog import DATE_PRESETS
from project.catalog.comparisons import COMPARISONS
from project.catalog.natural_order import NATURAL_ORDERS, WEEKDAY, WEEKDAYS
from project.web.dashboard.panels.panel import Panel
from project.web.request.filter_params import FILTERED_NAMES


class Filters(Panel):
    """The filters by date and label. A dimension's filter lists `most_labels`; its search has all."""

    template = "filters.html"
    presets = tuple(DATE_PRESETS)
    dimensions = FILTERED_NAMES
    most_labels = 200
    most_chips = 50

    def comparisons(self) -> list[str]:
        """Return what the view can be compared with: the days that it is compared with now, and all names."""
        return list(dict.fromkeys(filter(None, (*COMPARISONS, self.view.compare_to, "none"))))

    def labels(self, dimension: str) -> list[str]:
        """Return all labels of a dimension, in their order."""
        if dimension == WEEKDAY:
            return list(WEEKDAYS)
        return list(self.data.snapshot.labels[dimension].search("").values())

    def is_ordered(self, dimension: str) -> bool:
        """Whether the labels of a dimension have an order of their own."""
        return dimension in NATURAL_ORDERS

    def facets_url(self, dimension: str) -> str:
        """Return the API's URL of how many facts each label has under all other filters; "" of weekdays."""
        if dimension == WEEKDAY:
            return ""
        names = (dimension, f"exclude_{dimension}")
        others = {name: values for name, values in self.view.facts.items() if name not in names}
        return f"v1/dimensions/{dimension}?{urlencode({**others, 'counts': 'true'}, doseq=True)}"

    def chips(self) -> Iterator[tuple[str, str, str]]:
        """Yield each filter in effect: its parameter, the label, and the link that removes it."""
        for name, labels in self.view.filters.items():
            for label in labels:
                yield name, label, self.view.link(**{name: [other for other in labels if other != label]})
