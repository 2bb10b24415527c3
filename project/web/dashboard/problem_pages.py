"""`/problems/{code}`: the address that a problem gives as its type, which explains it. It needs no key."""

from fastapi import APIRouter, Request, Response

from project.errors import NoSuchThing
from project.suggestions import nearest
from project.web.dashboard.errors import ErrorsAsPage
from project.web.dashboard.render import base_of, html_response, render
from project.web.request.negotiation import prefers_json
from project.web.request.paths import url_of
from project.web.response.json import json_response
from project.web.response.problem_types import EXPLANATIONS
from project.web.response.problems import TYPES

router = APIRouter(include_in_schema=False, route_class=ErrorsAsPage)


@router.get(f"{TYPES}/{{code}}")
async def problem_type(request: Request, code: str) -> Response:
    """Explain a type of problem, as a page, or as JSON where that is preferred."""
    if code not in EXPLANATIONS:
        suggestions = [url_of(request.scope, f"{TYPES}/{near}") for near in nearest(code, EXPLANATIONS)]
        raise NoSuchThing(f"No problem is called {code!r}.", suggestions)
    explanation = EXPLANATIONS[code]
    if prefers_json(request):
        return json_response(explanation._asdict())
    return html_response(render("problem.html", base_of(request), problem=explanation), 200, {})
