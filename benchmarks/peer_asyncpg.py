"""(b) The same page by Starlette, asyncpg and orjson: hand-written SQL, labels from memory, no checks."""

import os
from contextlib import asynccontextmanager

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

DIMENSIONS = {
    "region": ("dim_region", "region_id", "region_name"),
    "age_range": ("dim_age_group", "age_id", "age_range"),
    "gender": ("dim_gender", "gender_id", "gender_name"),
    "platform": ("dim_platform", "platform_id", "platform_name"),
    "placement": ("dim_placement", "placement_id", "placement_name"),
    "device_type": ("dim_device_type", "device_type_id", "device_type_name"),
}
SQL = """
SELECT id, date_id, region_id, age_id, gender_id, platform_id, placement_id, device_type_id,
       impressions, clicks, cost, conversions, likes
FROM fact_ad_metrics_daily
WHERE date_id >= $1 AND date_id <= $2 AND platform_id = ANY($3) AND region_id = ANY($4)
ORDER BY date_id, region_id, age_id, gender_id, platform_id, placement_id, device_type_id
LIMIT $5
"""


@asynccontextmanager
async def lifespan(app: Starlette):
    async with asyncpg.create_pool(os.environ["BENCHMARK_DSN"], min_size=1, max_size=10) as pool:
        app.state.pool = pool
        app.state.labels = {
            name: dict(await pool.fetch(f"SELECT {key}, {label} FROM {table}"))
            for name, (table, key, label) in DIMENSIONS.items()
        }
        app.state.ids = {
            name: {label: id_ for id_, label in labels.items()} for name, labels in app.state.labels.items()
        }
        yield


async def page(request: Request) -> Response:
    query, ids, labels = request.query_params, request.app.state.ids, request.app.state.labels
    limit = int(query["limit"])
    rows = await request.app.state.pool.fetch(
        SQL,
        int(query["date_from"].replace("-", "")),
        int(query["date_to"].replace("-", "")),
        [ids["platform"][label] for label in query["platform"].split(",")],
        [ids["region"][label] for label in query["region"].split(",")],
        limit + 1,
    )
    region, age, gender, platform, placement, device = labels.values()
    data = [
        {
            "id": row[0],
            "date": f"{row[1] // 10000}-{row[1] // 100 % 100:02}-{row[1] % 100:02}",
            "region": region[row[2]],
            "age_range": age[row[3]],
            "gender": gender[row[4]],
            "platform": platform[row[5]],
            "placement": placement[row[6]],
            "device_type": device[row[7]],
            "impressions": row[8],
            "clicks": row[9],
            "cost": float(row[10]),
            "conversions": row[11],
            "likes": row[12],
        }
        for row in rows[:limit]
    ]
    return Response(orjson.dumps({"data": data, "more": len(rows) > limit}), media_type="application/json")


app = Starlette(routes=[Route("/v1/ad-metrics", page)], lifespan=lifespan)
