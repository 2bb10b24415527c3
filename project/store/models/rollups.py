"""The rollup table: sums of the facts, by day and grouping set."""

from tortoise import Model, fields


class RollupAdMetricsDaily(Model):
    """The sums of those facts of one day that have the same labels of a grouping set; `facts` is their number.

    `grouping_set` is a `catalog.GroupingSet.number`; a dimension outside the set has the id 0. The table is partitioned
    by month of `date_id`. Its primary key is `grouping_set` and the natural key; Tortoise requires one column, and gets
    `date_id`.
    """

    date_id = fields.IntField(primary_key=True, generated=False)
    grouping_set = fields.IntField()
    region_id = fields.IntField()
    age_id = fields.IntField()
    gender_id = fields.IntField()
    platform_id = fields.IntField()
    placement_id = fields.IntField()
    device_type_id = fields.IntField()
    impressions = fields.BigIntField()
    clicks = fields.BigIntField()
    cost = fields.DecimalField(max_digits=18, decimal_places=6)
    conversions = fields.BigIntField()
    likes = fields.BigIntField()
    facts = fields.BigIntField()

    class Meta:
        table = "rollup_ad_metrics_daily"
