"""(c) The same as most would write it: FastAPI, SQLAlchemy 2 async with joins, Pydantic response models."""

import os
from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, FastAPI, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship

# asyncpg wants a socket's directory as an argument rather than in SQLAlchemy's URL.
engine = create_async_engine(
    "postgresql+asyncpg://", connect_args={"dsn": os.environ["BENCHMARK_DSN"]}, pool_size=10, max_overflow=0
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class Date(Base):
    __tablename__ = "dim_date"
    date_id: Mapped[int] = mapped_column(primary_key=True)
    date_value: Mapped[date]


class Region(Base):
    __tablename__ = "dim_region"
    region_id: Mapped[int] = mapped_column(primary_key=True)
    region_name: Mapped[str]


class AgeGroup(Base):
    __tablename__ = "dim_age_group"
    age_id: Mapped[int] = mapped_column(primary_key=True)
    age_range: Mapped[str]


class Gender(Base):
    __tablename__ = "dim_gender"
    gender_id: Mapped[int] = mapped_column(primary_key=True)
    gender_name: Mapped[str]


class Platform(Base):
    __tablename__ = "dim_platform"
    platform_id: Mapped[int] = mapped_column(primary_key=True)
    platform_name: Mapped[str]


class Placement(Base):
    __tablename__ = "dim_placement"
    placement_id: Mapped[int] = mapped_column(primary_key=True)
    placement_name: Mapped[str]


class DeviceType(Base):
    __tablename__ = "dim_device_type"
    device_type_id: Mapped[int] = mapped_column(primary_key=True)
    device_type_name: Mapped[str]


class Fact(Base):
    __tablename__ = "fact_ad_metrics_daily"
    id: Mapped[int] = mapped_column(primary_key=True)
    date_id: Mapped[int] = mapped_column(ForeignKey("dim_date.date_id"), primary_key=True)
    region_id: Mapped[int] = mapped_column(ForeignKey("dim_region.region_id"))
    age_id: Mapped[int] = mapped_column(ForeignKey("dim_age_group.age_id"))
    gender_id: Mapped[int] = mapped_column(ForeignKey("dim_gender.gender_id"))
    platform_id: Mapped[int] = mapped_column(ForeignKey("dim_platform.platform_id"))
    placement_id: Mapped[int] = mapped_column(ForeignKey("dim_placement.placement_id"))
    device_type_id: Mapped[int] = mapped_column(ForeignKey("dim_device_type.device_type_id"))
    impressions: Mapped[int]
    clicks: Mapped[int]
    cost: Mapped[Decimal]
    conversions: Mapped[int]
    likes: Mapped[int]
    date: Mapped[Date] = relationship()
    region: Mapped[Region] = relationship()
    age: Mapped[AgeGroup] = relationship()
    gender: Mapped[Gender] = relationship()
    platform: Mapped[Platform] = relationship()
    placement: Mapped[Placement] = relationship()
    device_type: Mapped[DeviceType] = relationship()


class FactOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    date: date
    region: str
    age_range: str
    gender: str
    platform: str
    placement: str
    device_type: str
    impressions: int
    clicks: int
    cost: Decimal
    conversions: int
    likes: int


async def session():
    async with sessions() as opened:
        yield opened


@app.get("/v1/ad-metrics")
async def page(
    date_from: date,
    date_to: date,
    platform: Annotated[str, Query()],
    region: Annotated[str, Query()],
    limit: int,
    database: Annotated[AsyncSession, Depends(session)],
) -> list[FactOut]:
    wanted = (
        select(Fact)
        .join(Fact.date)
        .join(Fact.platform)
        .join(Fact.region)
        .where(
            Date.date_value >= date_from,
            Date.date_value <= date_to,
            Platform.platform_name.in_(platform.split(",")),
            Region.region_name.in_(region.split(",")),
        )
        .options(
            joinedload(Fact.date),
            joinedload(Fact.region),
            joinedload(Fact.age),
            joinedload(Fact.gender),
            joinedload(Fact.platform),
            joinedload(Fact.placement),
            joinedload(Fact.device_type),
        )
        .order_by(
            Fact.date_id,
            Fact.region_id,
            Fact.age_id,
            Fact.gender_id,
            Fact.platform_id,
            Fact.placement_id,
            Fact.device_type_id,
        )
        .limit(limit)
    )
    facts = (await database.scalars(wanted)).all()
    return [
        FactOut(
            id=fact.id,
            date=fact.date.date_value,
            region=fact.region.region_name,
            age_range=fact.age.age_range,
            gender=fact.gender.gender_name,
            platform=fact.platform.platform_name,
            placement=fact.placement.placement_name,
            device_type=fact.device_type.device_type_name,
            impressions=fact.impressions,
            clicks=fact.clicks,
            cost=fact.cost,
            conversions=fact.conversions,
            likes=fact.likes,
        )
        for fact in facts
    ]


Day = date


class GroupOut(BaseModel):
    date: Day | None = None
    platform: str
    clicks: int
    cost: Decimal
    ctr: Decimal


@app.get("/v1/reports")
async def report(
    date_from: date, date_to: date, group_by: str, database: Annotated[AsyncSession, Depends(session)]
) -> list[GroupOut]:
    names = {"date": Date.date_value, "platform": Platform.platform_name}
    columns = [names[name].label(name) for name in group_by.split(",")]
    wanted = (
        select(
            *columns,
            func.sum(Fact.clicks).label("clicks"),
            func.sum(Fact.cost).label("cost"),
            (func.sum(Fact.clicks) / func.nullif(func.sum(Fact.impressions), 0)).label("ctr"),
        )
        .join(Fact.date)
        .join(Fact.platform)
        .where(Date.date_value >= date_from, Date.date_value <= date_to)
        .group_by(*columns)
        .order_by(*columns)
    )
    return [GroupOut(**row) for row in (await database.execute(wanted)).mappings()]
