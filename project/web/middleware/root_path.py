"""The prefix of `uvicorn --root-path`, for a service behind a path of its host."""

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class RootPath:
    """Makes the prefix mean the same behind a proxy that removes it and behind one that keeps it.

    uvicorn puts the prefix before each path, so a path whose prefix a proxy kept has it twice. The page's links are
    relative, so the prefix without a slash is redirected to the page.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or redirect it; called by the server."""
        prefix = scope["root_path"].strip("/") if scope["type"] == "http" else ""
        if prefix:
            root = f"/{prefix}"
            path = scope["path"].removeprefix(scope["root_path"])
            if not path.startswith("/"):
                # Some servers do not put the prefix before the path.
                path = scope["path"]
            if path == root or path.startswith(f"{root}/"):
                path = path.removeprefix(root)
            # In place, for the middleware outside.
            scope["root_path"], scope["path"] = root, root + path
            if not path:
                query = scope["query_string"].decode("latin-1")
                await RedirectResponse(f"{root}/" + (f"?{query}" if query else ""), 308)(scope, receive, send)
                return
        await self.app(scope, receive, send)
