"""The dimension tables: an id and a label each.

Labels are unique in any case, by an index on `lower(label)` that only the migration can declare.
"""

from tortoise import Model, fields


class DimDate(Model):
    """A day; `date_id` is YYYYMMDD."""

    date_id = fields.IntField(primary_key=True, generated=False)
    date_value = fields.DateField()

    class Meta:
        table = "dim_date"


class DimRegion(Model):
    """A region, as the platform names it."""

    region_id = fields.IntField(primary_key=True)
    region_name = fields.TextField()

    class Meta:
        table = "dim_region"


class DimAgeGroup(Model):
    """An age range."""

    age_id = fields.IntField(primary_key=True)
    age_range = fields.TextField()

    class Meta:
        table = "dim_age_group"


class DimGender(Model):
    """A gender."""

    gender_id = fields.IntField(primary_key=True)
    gender_name = fields.TextField()

    class Meta:
        table = "dim_gender"


class DimPlatform(Model):
    """An advertising platform."""

    platform_id = fields.IntField(primary_key=True)
    platform_name = fields.TextField()

    class Meta:
        table = "dim_platform"


class DimPlacement(Model):
    """A position on a platform where ads appear."""

    placement_id = fields.IntField(primary_key=True)
    placement_name = fields.TextField()

    class Meta:
        table = "dim_placement"


class DimDeviceType(Model):
    """A kind of device."""

    device_type_id = fields.IntField(primary_key=True)
    device_type_name = fields.TextField()

    class Meta:
        table = "dim_device_type"
