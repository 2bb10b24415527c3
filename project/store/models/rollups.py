"""The rollups: facts summed beforehand, by day and grouping set."""

from tortoise import Model, fields


class RollupAdMetricsDaily(Model):
    """The sums of one day's facts that share the labels of a grouping set, and how many facts they are.

    `grouping_set` is the bit mask of PostgreSQL's `GROUPING()` (`catalog.GroupingSet.mask`); a dimension that is summed
    away has the number 0. Partitioned by month of `date_id`. The database's primary key is (grouping_set, date_id, the
    six keys); Tortoise wants one column, and is told `date_id`.
    """

    date_id = fields.IntField(primary_key=True, generated=False)
    grouping_set = fields.SmallIntField()
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
