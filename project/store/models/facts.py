"""The fact table: one row for each day and combination of labels."""

from tortoise import Model, fields

from project.store.models.dimensions import (
    DimAgeGroup,
    DimDate,
    DimDeviceType,
    DimGender,
    DimPlacement,
    DimPlatform,
    DimRegion,
)


class FactAdMetricsDaily(Model):
    """The measures of one day and combination of labels.

    The table is partitioned by month of `date_id`. Its primary key is (id, date_id), since the primary key of a
    partitioned table must contain the partition key; `id` is unique by itself, since it comes from one sequence.
    """

    id = fields.BigIntField(primary_key=True)
    date: fields.ForeignKeyRelation[DimDate] = fields.ForeignKeyField(
        "models.DimDate", source_field="date_id", related_name=False, on_delete=fields.RESTRICT
    )
    region: fields.ForeignKeyRelation[DimRegion] = fields.ForeignKeyField(
        "models.DimRegion", source_field="region_id", related_name=False, on_delete=fields.RESTRICT
    )
    age: fields.ForeignKeyRelation[DimAgeGroup] = fields.ForeignKeyField(
        "models.DimAgeGroup", source_field="age_id", related_name=False, on_delete=fields.RESTRICT
    )
    gender: fields.ForeignKeyRelation[DimGender] = fields.ForeignKeyField(
        "models.DimGender", source_field="gender_id", related_name=False, on_delete=fields.RESTRICT
    )
    platform: fields.ForeignKeyRelation[DimPlatform] = fields.ForeignKeyField(
        "models.DimPlatform", source_field="platform_id", related_name=False, on_delete=fields.RESTRICT
    )
    placement: fields.ForeignKeyRelation[DimPlacement] = fields.ForeignKeyField(
        "models.DimPlacement", source_field="placement_id", related_name=False, on_delete=fields.RESTRICT
    )
    device_type: fields.ForeignKeyRelation[DimDeviceType] = fields.ForeignKeyField(
        "models.DimDeviceType", source_field="device_type_id", related_name=False, on_delete=fields.RESTRICT
    )
    impressions = fields.BigIntField()
    clicks = fields.BigIntField()
    cost = fields.DecimalField(max_digits=18, decimal_places=6)
    conversions = fields.BigIntField()
    likes = fields.BigIntField()

    class Meta:
        table = "fact_ad_metrics_daily"
        unique_together = (("date", "region", "age", "gender", "platform", "placement", "device_type"),)
