"""The fact table: one row for each day and combination of labels."""

from typing import Any

from tortoise import Model, fields


def _reference(model: str, key: str) -> fields.ForeignKeyRelation[Any]:
    return fields.ForeignKeyField(model, source_field=key, related_name=False, on_delete=fields.RESTRICT)


class FactAdMetricsDaily(Model):
    """The measures of one day and combination of labels.

    The table is partitioned by month of `date_id`. Its primary key is (id, date_id), since the primary key of a
    partitioned table must contain the partition key; `id` is unique by itself, since it comes from one sequence.
    """

    id = fields.BigIntField(primary_key=True)
    date = _reference("models.DimDate", "date_id")
    region = _reference("models.DimRegion", "region_id")
    age = _reference("models.DimAgeGroup", "age_id")
    gender = _reference("models.DimGender", "gender_id")
    platform = _reference("models.DimPlatform", "platform_id")
    placement = _reference("models.DimPlacement", "placement_id")
    device_type = _reference("models.DimDeviceType", "device_type_id")
    impressions = fields.BigIntField()
    clicks = fields.BigIntField()
    cost = fields.DecimalField(max_digits=18, decimal_places=6)
    conversions = fields.BigIntField()
    likes = fields.BigIntField()

    class Meta:
        table = "fact_ad_metrics_daily"
        unique_together = (("date", "region", "age", "gender", "platform", "placement", "device_type"),)
