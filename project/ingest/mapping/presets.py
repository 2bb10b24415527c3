"""Presets: what the platforms call the fields of the record in their exports, by API and on screen.

Names are normal (`normal_name`), written with spaces between them, the best first. A preset reads names; the file's own
columns win (`columns.map_columns`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

from project.catalog import RECORD
from project.ingest.mapping.names import normal_names, split_names, word_set


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
        # developers.facebook.com/docs/marketing-api/insights; Ads Manager → Export table data.
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
            marks="date_stop reporting_ends inline_link_clicks link_clicks inline_link_click_ctr "
            "inline_post_engagement attribution_setting result_indicator ad_set_delivery campaign_delivery "
            "ad_set_name frequency&inline_link_clicks&reach account_currency&date_start",
        ),
        # developers.google.com/google-ads/api/fields; Reports → Download; connectors: fivetran, airbyte.
        Preset(
            "google",
            {
                "date": "date day",
                "region": "region geo_target_region geo_target_state country country_territory geo_target_country",
                "age_range": "age_range age age_range_type",
                "gender": "gender gender_type",
                "placement": "ad_network_type network network_with_search_partners",
                "device_type": "device",
                "impressions": "impr",
                "cost": "cost_micros",
            },
            {"platform": "google"},
            ("likes",),
            marks="impr&cost&currency_code all_conv search_impr_share interaction_rate conv_value&cost customer_id "
            "active_view_impressions active_view_measurability keyword_ad_group_criterion trueview_view",
        ),
        # business-api.tiktok.com/portal/docs (synchronous reports); Ads Manager → Export.
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
            marks="stat_time_day&spend stat_time_day&conversion stat_time_hour real_time_conversion real_time_result "
            "video_watched_2_s video_watched_6_s cost_per_1000_reached secondary_goal_result complete_payment "
            "profile_visits_rate video_play_actions",
            renamed={"platform": ("device_type", "device")},
        ),
        # learn.microsoft.com/advertising/reporting-service (report columns); Reports → Download; fivetran, airbyte.
        Preset(
            "microsoft",
            {
                "date": "time_period gregorian_date day",
                "region": "state country",
                "age_range": "age_group",
                "placement": "network",
                "device_type": "device_type",
                "impressions": "impr",
                "cost": "spend",
                "conversions": "conv",
            },
            {"platform": "microsoft"},
            ("likes",),
            marks="top_vs_other bid_match_type delivered_match_type deliv_match_type ad_distribution "
            "conversions_qualified all_conversions_qualified device_os low_quality_clicks "
            "low_quality_impressions impr&spend budget_association_status",
        ),
        # learn.microsoft.com/linkedin/marketing (adAnalytics); Campaign Manager → Export; fivetran, airbyte.
        Preset(
            "linkedin",
            {
                "date": "day start_date_in_utc start_date date_range_start",
                "cost": "total_spent cost_in_usd cost_in_local_currency",
                "conversions": "external_website_conversions",
            },
            {"platform": "linkedin"},
            marks="end_date_in_utc total_social_actions clicks_to_landing_page clicks_to_linked_in_page "
            "click_event_follows one_click_leads approximate_unique_impressions company_page_clicks "
            "ad_unit_clicks action_clicks card_clicks landing_page_clicks other_engagements viral_impressions "
            "viral_clicks pivot_values pivot_value conversion_value_in_local_currency "
            "external_website_post_click_conversions campaign_group_name",
        ),
        # developers.pinterest.com/docs/api/v5 (analytics columns); fivetran, airbyte.
        Preset(
            "pinterest",
            {
                "impressions": "impression_1 paid_impression",
                "clicks": "clickthrough_1",
                "cost": "spend_in_micro_dollar spend_in_dollar spend_in_account_currency",
                "conversions": "total_conversions",
            },
            {"platform": "pinterest"},
            marks="impression_2 clickthrough_2 outbound_click_1 outbound_click_2 engagement_1 engagement_2 repin_1 "
            "repin_2 total_clickthrough total_impression total_impression_user "
            "total_conversions_value_in_micro_dollar pin_clicks pin_promotion_id total_conversions_quantity",
        ),
        # developers.snap.com/api/marketing-api/Ads-API/measurement; fivetran, airbyte.
        Preset(
            "snapchat",
            {
                "date": "start_time",
                "region": "region country",
                "clicks": "swipes",
                "cost": "spend",
                "conversions": "conversion_purchases",
            },
            {"platform": "snapchat"},
            marks="swipe_up_percent screen_time_millis view_time_millis view_completion "
            "attachment_quartile_1 story_opens story_completes ad_squad_id swipe_ups "
            "attachment_total_view_time_millis conversion_purchases_value",
            micros=("spend",),
        ),
        # docs.x.com/x-ads-api/analytics; fivetran.
        Preset(
            "x",
            {"device_type": "segment", "cost": "billed_charge_local_micro"},
            {"platform": "x"},
            marks="billed_engagements url_clicks qualified_impressions tweets_send retweets app_clicks "
            "card_engagements promoted_tweet_id unfollows poll_card_vote",
        ),
        # ads-api.reddit.com/docs (reports); Ads → Export; fivetran.
        Preset(
            "reddit",
            {"region": "country region", "cost": "spend amount_spent"},
            {"platform": "reddit"},
            marks="upvotes downvotes comment_upvotes comment_downvotes comments_page_views subreddit community "
            "key_conversion_total_count video_viewable_impressions "
            "click_through_conversion_attribution_window_day",
            micros=("spend",),
        ),
        # advertising.amazon.com/API/docs (reporting v3 columns); Sponsored ads → Reports; fivetran, airbyte.
        Preset(
            "amazon",
            {
                "date": "start_date",
                "region": "country",
                "cost": "spend",
                "conversions": "7_day_total_orders 14_day_total_orders purchases_7_d purchases_14_d",
            },
            {"platform": "amazon"},
            ("likes",),
            marks="portfolio_name 7_day_total_sales 7_day_total_units 7_day_conversion_rate "
            "total_advertising_cost_of_sales_acos 14_day_total_sales 14_day_total_units "
            "total_return_on_advertising_spend_roas click_thru_rate_ctr advertised_asin "
            "campaign_budget_currency_code sales_7_d sales_14_d sales_30_d purchases_30_d units_sold_clicks_7_d "
            "advertised_sku attributed_conversions_7_d attributed_sales_7_d customer_search_term",
        ),
        # developer.apple.com/documentation/apple_search_ads (reports); fivetran.
        Preset(
            "apple",
            {
                "date": "day",
                "region": "country_or_region",
                "gender": "gender",
                "age_range": "age_range",
                "device_type": "device_class",
                "clicks": "taps",
                "cost": "local_spend_amount local_spend",
                "conversions": "total_installs installs",
            },
            {"platform": "apple"},
            marks="local_spend_currency new_downloads redownloads lat_on_installs lat_off_installs avg_cpt_amount "
            "tap_installs avg_cpt ttr avg_cpa_amount view_installs total_new_downloads total_redownloads "
            "countries_or_regions",
        ),
        # developers.google.com/bid-manager (metrics); Reports → Download.
        Preset(
            "dv360",
            {
                "region": "country",
                "placement": "environment",
                "device_type": "device_type",
                "cost": "media_cost_advertiser_currency media_cost_adv_currency revenue_adv_currency",
                "conversions": "total_conversions",
            },
            {"platform": "dv360"},
            ("likes",),
            marks="advertiser_currency billable_impressions total_media_cost_advertiser_currency",
        ),
        # developers.google.com/doubleclick-advertisers (report dimensions and metrics); Report Builder → Export.
        Preset(
            "cm360",
            {
                "region": "country",
                "placement": "environment",
                "device_type": "device_type platform_type",
                "cost": "media_cost",
                "conversions": "total_conversions",
            },
            {"platform": "cm360"},
            ("likes",),
            marks="site_cm360&placement_id site_cm360&media_cost site_cm360 site_dcm site_id_cm360 site_id_dcm "
            "package_roadblock placement_cost_structure activity_group",
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
    return frozenset(mark for mark in preset.marked if mark not in others and not mark <= _COMMON)


_COMMON = word_set(
    "ad_set_name age_group community conv conversion conversion_purchases country_code customer_id device_platform "
    "device_type installs line_item link_clicks media_cost partner platform_type province results segment start_time "
    "state total_installs total_spent"
) | set(RECORD)
"""Names that other tools than one platform's write, too."""


def known_names() -> frozenset[str]:
    """Return the normal names of all columns that any preset knows."""
    return _KNOWN


_KNOWN = frozenset(RECORD).union(*(mark for preset in PRESETS.values() for mark in preset.marked))
