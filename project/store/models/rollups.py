"""The rollups: facts summed beforehand, by day and grouping set."""

from tortoise import Model, fields


class RollupAdMetricsDaily(Model):
    """The sums of one day's facts that share the labels of a grouping set, and how many facts they are.

    `grouping_set` says which labels these are (`catalog.GroupingSet.number`); a dimension that is summed away has the
    id 0. Partitioned by month of `date_id`. The database's primary key is `grouping_set` and the natural key; Tortoise
    requires one column, and gets `date_id`.
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
