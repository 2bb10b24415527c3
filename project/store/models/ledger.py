"""The ledger: how facts changed, and when."""

from tortoise import Model, fields


class DataChange(Model):
    """One data version that changed facts: when it began, and its cause (`load`, `retention`, `rebuild`, `upgrade`).

    `first_date_id` and `last_date_id` are the first and last day that had facts then; both are null without facts.
    """

    data_version = fields.BigIntField(primary_key=True, generated=False)
    changed_at = fields.DatetimeField()
    cause = fields.TextField()
    first_date_id = fields.IntField(null=True)
    last_date_id = fields.IntField(null=True)

    class Meta:
        table = "data_change"


class FactLedger(Model):
    """By how much one data version changed the facts of one day and platform: differences, which may be negative.

    Rows are only ever added. Their sum up to a version is what was known then, and the sum of all is the facts. The
    primary key is (date_id, platform_id, data_version); Tortoise requires one column, and gets `date_id`.
    """

    date_id = fields.IntField(primary_key=True, generated=False)
    platform_id = fields.IntField()
    data_version = fields.BigIntField()
    facts = fields.BigIntField()
    impressions = fields.BigIntField()
    clicks = fields.BigIntField()
    cost = fields.DecimalField(max_digits=18, decimal_places=6)
    conversions = fields.BigIntField()
    likes = fields.BigIntField()

    class Meta:
        table = "fact_ledger"
