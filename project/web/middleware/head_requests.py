"""HEAD, which monitors and `curl -I` use."""

from starlette.types import ASGIApp, Receive, Scope, Send


class HeadRequests:
    """Answers HEAD as GET; the server leaves out the body. `scope["is_head"]` spares the work for a long one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; called by the server."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET", "is_head": True}
        await self.app(scope, receive, send)
