"""Presets: what the platforms call the fields of the record in their exports, by API and on screen.

Names are normal (`normal_name`): lower case, without a currency, joined by `_`. The best comes first. A dotted name of
an API (`metrics.clicks`, `segments.date`) is matched by its last part.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from project.catalog import RECORD


@dataclass(frozen=True, slots=True)
class Preset:
    """`columns` is field → names, `constants` the labels of every row; `unreported` measures are 0."""

    name: str
    columns: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str] = field(default_factory=dict)
    unreported: tuple[str, ...] = ()

    def names(self, name: str) -> tuple[str, ...]:
        """Return what the export calls a field, the best first; the last is the name in the record."""
        return tuple(dict.fromkeys((*self.columns.get(name, ()), name)))

    @property
    def all_names(self) -> set[str]:
        """What the export calls any field."""
        return {name for field in RECORD for name in self.names(field)}


CANONICAL = Preset("canonical", {})

PRESETS = {
    preset.name: preset
    for preset in (
        # developers.facebook.com/docs/marketing-api/insights, and Ads Manager → Export table data.
        Preset(
            "meta",
            {
                "date": ("date_start", "day", "reporting_starts"),
                "region": ("region", "country"),
                "age_range": ("age",),
                "platform": ("publisher_platform",),
                "placement": ("platform_position",),
                "device_type": ("impression_device", "device_platform"),
                "clicks": ("clicks", "clicks_(all)"),
                "cost": ("spend", "amount_spent"),
                "conversions": ("conversions", "results"),
                "likes": ("likes", "actions[post_reaction]", "post_reactions"),
            },
        ),
        # developers.google.com/google-ads/api/fields, and Reports → Download.
        Preset(
            "google",
            {
                "date": ("date", "day"),
                "region": (
                    "region", "geo_target_region", "geo_target_state", "country", "country/territory",
                    "geo_target_country",
                ),
                "age_range": ("age_range", "age", "age_range.type"),
                "gender": ("gender", "gender.type"),
                "placement": ("ad_network_type", "network", "network_(with_search_partners)"),
                "device_type": ("device",),
                "impressions": ("impressions", "impr."),
                "cost": ("cost_micros", "cost"),
            },
            {"platform": "google"},
            ("likes",),
        ),
        # business-api.tiktok.com/portal/docs (synchronous reports), and Ads Manager → Export.
        Preset(
            "tiktok",
            {
                "date": ("stat_time_day", "by_day"),
                "region": ("country_code", "province_id", "country", "province"),
                "age_range": ("age",),
                # Their `platform` is the device.
                "device_type": ("platform", "device"),
                "clicks": ("clicks", "clicks_(destination)"),
                "cost": ("spend", "cost"),
                "conversions": ("conversion", "conversions"),
                "likes": ("likes", "paid_likes"),
            },
            {"platform": "tiktok"},
        ),
        CANONICAL,
    )
}  # fmt: skip

RANGE_ENDS = {"date_start": "date_stop", "reporting_starts": "reporting_ends"}
"""The column of a row's last day, by that of its first: facts are daily, so both must be the same day."""

CURRENCY_CODES = ("currency_code", "account_currency", "currency")
"""Columns that name the currency of a row."""

LOOK_ALIKES = {
    "clicks": ("link_clicks", "inline_link_clicks", "unique_link_clicks", "outbound_clicks", "clicks_(destination)"),
    "conversions": ("purchases", "complete_payment", "real_time_conversion", "all_conv.", "result"),
    "cost": ("cost_per_result", "cost_per_results", "cost_per_conversion"),
}
"""Columns that resemble a field and count something else: they are used only where `map` names them."""


def normal_name(header: str) -> str:
    """Return a column's name as presets have it: `Amount spent (USD)` is `amount_spent`, `costMicros` `cost_micros`."""
    text = unicodedata.normalize("NFKC", header).strip("\ufeff \t")
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", re.sub(r"\s*\([A-Z]{3}\)", "", text))
    return re.sub(r"[\s_-]+", "_", text).strip("_").casefold()


def is_called(column: str, name: str) -> bool:
    """Tell whether a column has this name, alone or as the last part of an API's dotted name; both are normal."""
    return column == name or column.endswith(f".{name}")


def distinctive_names(preset: Preset) -> frozenset[str]:
    """Return the names that only this preset has: a header with one of them is of its platform."""
    others = {name for other in PRESETS.values() if other is not preset for name in other.all_names}
    ends = {end for start, end in RANGE_ENDS.items() if start in preset.all_names}
    return frozenset((preset.all_names | ends) - others)
