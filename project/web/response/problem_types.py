"""What each type of problem means and what to do about it: the texts of the addresses that problems give as `type`."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from project.web.response.problems import PROBLEMS


class Explanation(NamedTuple):
    """A type of problem. `code` is the end of its address."""

    code: str
    title: str
    status: int
    meaning: str
    remedy: str


_AGAIN = "Send the same request again after the seconds that Retry-After says."
_OPERATOR = "If it stays, tell whoever runs the service; the request id finds its line in the log."

_TEXTS = {
    "invalid-parameters": ("Parameters are unknown, have values that are not possible, or contradict each other.",
        "Read `errors`, which has all faults at once: what is expected, and the nearest that works."),
    "not-found": ("Nothing is at the path of the request, or nothing has the name or id in it.",
        "Try one of `suggestions`, or look into the documentation (`docs` below the service's address)."),
    "method-not-allowed": ("The path exists, and takes other methods.", "Use a method that the header Allow names."),
    "in-use": ("Something else needs the thing to be deleted.", "Delete first what `detail` names."),
    "precondition-failed": ("The thing to be changed is not as `If-Match` or `If-None-Match` expects it.",
        "Ask for it again, look at what changed, and send the change with the ETag of that answer."),
    "url-too-long": ("The path and query of the request have more bytes than the service reads.",
        "Ask for fewer labels at once, or exclude those that are not wanted."),
    "too-large": ("The body of the request is larger than allowed, or is sent where none is taken.",
        "Load larger files in parts, or on the command line with `ad-metrics load`."),
    "no-key": ("The request has no key, or one that is mistyped, revoked or unknown.",
        "Send a key as `Authorization: Bearer`, or enter it on the page. Whoever runs the service makes keys."),
    "key-too-narrow": ("The key is valid, and its scope does not cover the request.",
        "Use a key with the scope that `detail` names. Whoever runs the service makes keys."),
    "too-many-requests": ("The caller has used up the requests of a minute.",
        f"{_AGAIN} The header RateLimit of each answer says how many requests remain."),
    "loopback-only": ("The service has no keys, and so answers only its own machine, directly and under a local name.",
        "The operator sets API_AUTH=required and makes keys, or API_ALLOW_ANONYMOUS=true to answer everybody."),
    "cross-site-form": ("A page of another site sent the form.", "Open the page of the service and use its own form."),
    "database-unavailable": ("The database did not answer.", f"{_AGAIN} {_OPERATOR}"),
    "database-not-migrated": ("The database has no tables, or those of another release.",
        "The operator runs the migrations. The service then answers without a restart."),
    "query-too-slow": ("The query ran into the time limit of the service.",
        "Ask for fewer days, fewer groups, or with filters. The plan of a report says what it reads."),
    "server-full": ("As many requests wait for the database as the service lets wait.", _AGAIN),
    "loads-full": ("As many loads run or wait as the service takes.", _AGAIN),
    "client-disconnected": ("The client closed its connection while the request waited.",
        "Nothing is to be done: only the log and the metrics have it."),
    "not-ready": ("The service cannot answer questions now; `checks` says what was found.",
        f"It recovers by itself when the cause is gone. {_OPERATOR}"),
    "shutting-down": ("The service ended before the answer was there.", _AGAIN),
    "internal-error": ("The service failed. The cause is in its log.", f"Try once more. {_OPERATOR}"),
    "render-failed": ("The chart could not be rendered. The cause is in the log.",
        f"Ask for the same report as JSON or CSV. {_OPERATOR}"),
    "pictures-full": ("As many charts wait to be rendered as the service lets wait.", _AGAIN),
    "head-too-large": ("The request line and headers have more bytes than the service reads.",
        "Send fewer or shorter headers; cookies of other services on the same host count too."),
    "head-too-slow": ("The headers of the request did not come in time.", "Send the request again."),
}  # fmt: skip

_OF_CONNECTIONS = {"head-too-large": 431, "head-too-slow": 408}
"""What `web.server.uvicorn_limits` refuses, before there is a request."""

_OF_LIBRARIES = {
    status.phrase.lower().replace(" ", "-"): (status.phrase, status.value)
    for status in HTTPStatus
    if status >= HTTPStatus.BAD_REQUEST
}
"""What Starlette and FastAPI may raise by themselves."""

_KNOWN = {
    **_OF_LIBRARIES,
    **{code: (HTTPStatus(status).phrase, status) for code, status in _OF_CONNECTIONS.items()},
    **{problem.code: (problem.title, problem.status) for problem in PROBLEMS.values()},
}
_GENERAL = ("The request could not be answered.", f"`detail` says why. {_OPERATOR}")

EXPLANATIONS: Mapping[str, Explanation] = {
    code: Explanation(code, *named, *_TEXTS.get(code, _GENERAL)) for code, named in _KNOWN.items()
}
"""All types, by code."""
