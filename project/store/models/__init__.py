"""The tables as Tortoise models. Their columns are exactly those of the migrations."""

from project.store.models.delivery import Delivery, Subscription
from project.store.models.dimensions import (
    DimAgeGroup,
    DimDate,
    DimDeviceType,
    DimGender,
    DimPlacement,
    DimPlatform,
    DimRegion,
)
from project.store.models.facts import FactAdMetricsDaily
from project.store.models.ledger import DataChange, FactLedger
from project.store.models.operations import ApiKey, DataVersion, Ingest, IngestLog, JobSlot, SavedView
from project.store.models.rollups import RollupAdMetricsDaily

__all__ = [
    "ApiKey", "DataChange", "DataVersion", "Delivery", "DimAgeGroup", "DimDate", "DimDeviceType", "DimGender",
    "DimPlacement", "DimPlatform", "DimRegion", "FactAdMetricsDaily", "FactLedger", "Ingest", "IngestLog", "JobSlot",
    "RollupAdMetricsDaily", "SavedView", "Subscription",
]  # fmt: skip
