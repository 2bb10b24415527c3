"""Subscriptions to views, and what was sent for them (`project.delivery`)."""

from tortoise import Model, fields
from tortoise.contrib.postgres.fields import ArrayField


class Subscription(Model):
    """Who gets a view, and when: at the slots of `cron`, in the setting `TIMEZONE`.

    `targets` are mail addresses or, with a `secret`, which signs what is sent, one URL. `attach` is the format of the
    mail's attachment. `slot` is the newest slot that has deliveries; before the first, when the subscription began.
    """

    id = fields.BigIntField(primary_key=True)
    view = fields.TextField()
    cron = fields.TextField()
    targets: fields.Field[list[str]] = ArrayField(element_type="text")
    secret = fields.BinaryField(null=True)
    attach = fields.TextField(null=True)
    slot = fields.DatetimeField()
    created_at = fields.DatetimeField()
    paused_at = fields.DatetimeField(null=True)

    class Meta:
        table = "subscription"


class Delivery(Model):
    """One mail to one address, or one call of a webhook, for a slot. Of a removed subscription, or none, it has no id.

    `state` is `pending` until `next_try_at`, `sending` while a mail server takes the mail, and in the end `sent`,
    `failed` or `unknown`, which `error` explains.
    """

    id = fields.BigIntField(primary_key=True)
    subscription_id = fields.BigIntField(null=True)
    view = fields.TextField()
    slot = fields.DatetimeField()
    target = fields.TextField()
    state = fields.TextField()
    attempts = fields.IntField()
    tried_at = fields.DatetimeField(null=True)
    next_try_at = fields.DatetimeField()
    error = fields.TextField(null=True)

    class Meta:
        table = "delivery"
        unique_together = (("subscription_id", "slot", "target"),)
