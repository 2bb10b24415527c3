"""The bodies and answers of `/v1/views`, as the OpenAPI document describes them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from project.web.request.openapi import headers
from project.web.response.schemas import Answer

Title = Annotated[str, Field(description="The name for people.", examples=["Weekly spend"])]
ViewQuery = Annotated[
    str,
    Field(
        description="A query string of the page. Date presets stay relative to the day that the view is opened.",
        examples=["date_preset=last_week&metric=cost&group_by=platform"],
    ),
]


class ViewBody(BaseModel):
    """What a view is to be."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    query: ViewQuery

    @classmethod
    def openapi(cls) -> dict[str, Any]:
        """Return the body of a request as `openapi_extra=` takes it."""
        return {"requestBody": {"required": True, "content": {"application/json": {"schema": cls.model_json_schema()}}}}


class View(Answer):
    """A saved view."""

    name: str = Field(description="The name in addresses: `/views/{name}` shows it on the page.")
    title: Title
    query: ViewQuery
    changed_at: datetime
    href: str = Field(description="The address of the view on the page.")


class ViewAnswer(Answer):
    """One view."""

    data: View


class ViewsAnswer(Answer):
    """All views, by title."""

    data: list[View]


CREATED: dict[int | str, dict[str, Any]] = {
    201: {"description": "The view is new.", "model": ViewAnswer, "headers": headers("ETag", "Location")}
}
