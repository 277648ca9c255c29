"""The short way to metered data: calls below /data/v1 go to the gateway before any other part of the site.

Routing and middleware of the site cost several times what an answer of the gateway does. The gateway sets its own
request id and headers, knows its callers by their keys and never by a cookie.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from marketplace.gateway.app import Gateway

PREFIX = "/data/v1"


class DataPath:
    """Outermost middleware: hands calls of the data API to the gateway, all else to the site."""

    def __init__(self, app: ASGIApp, gateway: Gateway) -> None:
        self.app = app
        self.gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(f"{PREFIX}/"):
            await self.gateway({**scope, "root_path": PREFIX}, receive, send)
        else:
            await self.app(scope, receive, send)
