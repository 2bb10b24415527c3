"""Reports of a database without facts."""

from tests.conftest import Client
from tests.support.model import MEASURES, known
from tests.web.api.test_reports import MARCH, REPORTS


async def test_an_empty_database(serving: Client, database: str) -> None:
    async with serving(database) as client:
        answer = (await client.get(REPORTS)).json()
        assert list(map(known, answer["data"])) == [dict.fromkeys(MEASURES, 0)]
        assert answer["meta"]["date_from"] is None
        assert (await client.get(f"{REPORTS}?group_by=platform")).json()["data"] == []
        answer = (await client.get(f"{REPORTS}?metrics=cost,ctr&{MARCH}&compare_to=previous_year&totals=true")).json()
        assert answer["data"] == [
            {
                "cost": 0,
                "ctr": None,
                "compare": {
                    "cost": {"value": None, "change": None, "change_ratio": None, "contribution": None},
                    "ctr": {"value": None, "change": None, "change_ratio": None},
                },
                "share": {"cost": None},
            }
        ]
        filled = (await client.get(f"{REPORTS}?group_by=month&fill=true&metrics=clicks&{MARCH}")).json()
        assert filled["data"] == [{"month": "2024-03-01", "clicks": 0, "filled": True}]
        assert (await client.get(f"{REPORTS}/plan?group_by=date")).json()["data"]["estimated_rows"] == 0
