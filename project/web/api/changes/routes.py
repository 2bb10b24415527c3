"""`/v1/changes`: why a number is another one than before, and how long it goes on moving."""

from dataclasses import asdict
from functools import partial

from fastapi import APIRouter, Request, Response

from project.export.formats import FORMATS
from project.query.changes import fetch_changes
from project.store.warehouse.snapshot import newest_labels, of_one_state
from project.web.api.changes.params import ChangesParameters
from project.web.api.changes.schemas import ChangesAnswer, MaturityAnswer
from project.web.request.filter_params import DataParameters
from project.web.request.negotiation import with_format
from project.web.request.openapi import CACHED, FILE, file_parameters, query_parameters
from project.web.request.query_string import parse, parse_items
from project.web.request.retry import RetryOnDisconnect
from project.web.response.answers import respond
from project.web.response.file_stream import file_response
from project.web.response.json import change_objects, json_answer
from project.web.response.meta import data_meta
from project.web.response.problems import documented
from project.web.server.answer_cache import Answer
from project.web.state import state_of, today

router = APIRouter(prefix="/v1/changes", tags=["Changes"], route_class=RetryOnDisconnect, responses=CACHED)


@router.get(
    "",
    summary="What moved since a data version or a time",
    response_model=ChangesAnswer,
    responses=documented(422, 503, 504),
    openapi_extra=query_parameters(ChangesParameters, without=("format",)),
)
@router.get(
    ".{format}",
    name="changes_file",
    summary="What moved since a data version or a time, as a file",
    description="Give all entries, or the first `limit`. `/v1/changes?format=csv` is the same.",
    response_class=Response,
    responses=documented(422, 503, 504) | FILE,
    openapi_extra=file_parameters(ChangesParameters, FORMATS),
)
async def list_changes(request: Request) -> Response:
    """Give an entry for each day and platform whose facts differ from what was known then, or for each load.

    `before` is what was known then, `after` what is known now. A client that keeps a copy asks with the `data_version`
    of its last answer's first page, and takes over each `after`.
    """
    params = await parse_items(ChangesParameters, with_format(request, FORMATS))
    question = params.question(today(state_of(request).settings))
    if format_ := FORMATS.get(params.format or "json"):
        return await file_response(request, question, format_)

    async def make() -> Answer:
        page, labels = await of_one_state(partial(fetch_changes, question))
        content = {
            "data": change_objects(page),
            "page": {"limit": question.limit, "next_cursor": page.next_cursor},
            "meta": {"since": page.since, **data_meta(labels)},
        }
        return json_answer(content, labels, rows=len(page.entries), source="ledger")

    return await respond(request, make, *question.etag_inputs)


@router.get(
    "/maturity",
    summary="How soon numbers settle",
    response_model=MaturityAnswer,
    responses=documented(422, 503, 504),
    openapi_extra=query_parameters(DataParameters),
)
async def maturity(request: Request) -> Response:
    """Say for each platform what part of a day's final numbers is known how many days later, and when it settles.

    It is learned from re-pulls: from days that were loaded within 3 days, and loaded again when they were 28 days old.
    """
    await parse(DataParameters, request)

    async def make() -> Answer:
        labels = await newest_labels()
        data = [
            {
                "platform": labels["platform"].labels[id_],
                "days": of_platform.days,
                "settled_to": of_platform.settled_to,
                "settles_after_days": of_platform.settles_after or None,
                "known": {name: [part and asdict(part) for part in parts] for name, parts in of_platform.known.items()}
                or None,
            }
            for id_, of_platform in sorted(labels.maturity.items())
        ]
        return json_answer({"data": data, "meta": data_meta(labels)}, labels)

    return await respond(request, make)
