"""Presets: what the platforms call the fields of the record in their exports, by API and on screen.

Names are normal (`normal_name`), written with spaces between them, the best first. A preset reads names; the file's own
columns win (`columns.map_columns`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

from project.catalog import RECORD
from project.ingest.mapping.names import normal_names, split_names


@dataclass(frozen=True)
class Preset:
    """`columns` is field → names, `constants` the labels of every row; `unreported` measures are 0.

    `marks` are further columns of its exports; those joined by `&` count only together. Columns of `micros` are in
    millionths though their names do not say it. A column that has the name of a `renamed` field means another one,
    unless the file has one of the columns behind it.
    """

    name: str
    columns: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)
    unreported: tuple[str, ...] = ()
    marks: str = ""
    micros: tuple[str, ...] = ()
    renamed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def names(self) -> Mapping[str, tuple[str, ...]]:
        """What the export calls each field, beside its name in the record."""
        return {name: split_names(names) for name, names in self.columns.items()}

    @cached_property
    def marked(self) -> Sequence[frozenset[str]]:
        """Columns that together tell the preset, where no other has them."""
        marks = [frozenset(split_names(mark.replace("&", " "))) for mark in self.marks.split()]
        return [*marks, *(frozenset({name}) for names in self.names.values() for name in names)]


CANONICAL = Preset("canonical", {})

PRESETS = {
    preset.name: preset
    for preset in (
        # developers.facebook.com/docs/marketing-api/insights, and Ads Manager → Export table data.
        Preset(
            "meta",
            {
                "date": "date_start day reporting_starts",
                "region": "region country",
                "age_range": "age",
                "platform": "publisher_platform",
                "placement": "platform_position",
                "device_type": "impression_device device_platform",
                "clicks": "clicks_all",
                "cost": "spend amount_spent",
                "conversions": "results",
                "likes": "actions_post_reaction post_reactions",
            },
            marks="date_stop reporting_ends inline_link_clicks link_clicks adset_id&spend frequency&inline_link_clicks "
            "inline_link_click_ctr inline_post_engagement cost_per_inline_link_click account_currency&date_start "
            "attribution_setting result_indicator ad_set_delivery campaign_delivery",
        ),
        # developers.google.com/google-ads/api/fields, and Reports → Download.
        Preset(
            "google",
            {
                "date": "date day",
                "region": "region geo_target_region geo_target_state country country/territory geo_target_country",
                "age_range": "age_range age age_range_type",
                "gender": "gender gender_type",
                "placement": "ad_network_type network network_with_search_partners",
                "device_type": "device",
                "impressions": "impr",
                "cost": "cost_micros",
            },
            {"platform": "google"},
            ("likes",),
            marks="impr&cost all_conv cost/conv avg_cpc&impr search_impr_share interaction_rate conv_value&cost "
            "active_view_impressions active_view_measurability keyword_ad_group_criterion",
        ),
        # business-api.tiktok.com/portal/docs (synchronous reports), and Ads Manager → Export.
        Preset(
            "tiktok",
            {
                "date": "stat_time_day by_day",
                "region": "country_code province_id country province",
                "age_range": "age",
                # Their `platform` is the device.
                "device_type": "device platform",
                "clicks": "clicks_destination",
                "cost": "spend cost",
                "conversions": "conversion",
                "likes": "paid_likes",
            },
            {"platform": "tiktok"},
            renamed={"platform": ("device_type", "device")},
            marks="real_time_conversion real_time_result video_watched_2_s video_watched_6_s cost_per_1000_reached "
            "secondary_goal_result complete_payment profile_visits_rate video_play_actions",
        ),
        CANONICAL,
    )
}


def count_marks(preset_name: str, headers: Sequence[str]) -> int:
    """Return how many of the columns are such as only exports of this preset have."""
    names = {name: index for index, header in enumerate(headers) for name in normal_names(header)}
    marks = [mark for mark in distinctive_marks(preset_name) if mark <= names.keys()]
    return len({names[name] for mark in marks for name in mark})


@cache
def distinctive_marks(preset_name: str) -> frozenset[frozenset[str]]:
    """Return the marks that no other preset has."""
    preset = PRESETS[preset_name]
    others = {mark for other in PRESETS.values() if other is not preset for mark in other.marked}
    return frozenset(mark for mark in preset.marked if mark not in others and not mark <= set(RECORD))


def known_names() -> frozenset[str]:
    """Return the normal names of all columns that any preset knows."""
    return _KNOWN


_KNOWN = frozenset(RECORD).union(*(mark for preset in PRESETS.values() for mark in preset.marked))
