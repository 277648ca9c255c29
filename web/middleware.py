"""What happens around every request: an id, who sends it, whether it may come from another site, safe headers."""

import re
from urllib.parse import urlsplit

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.parties import service as parties
from catalog.parties import sign_in
from contracts.access import ANONYMOUS, Actor
from contracts.errors import Forbidden, NotSignedIn, Unavailable
from contracts.ids import new_id
from web.context import Services
from web.problems import send_problem

SESSION_COOKIE = "shuyi_session"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
NO_ACTOR = ("/static/", "/data/v1/", "/healthz", "/readyz", "/metrics", "/stripe/")
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class RequestIdMiddleware:
    """Takes `X-Request-Id` when it is well-formed, else makes one; it is in every log line and every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if re.fullmatch(r"[A-Za-z0-9._:-]{8,128}", given) else new_id()
        scope.setdefault("state", {})["request_id"] = request_id

        async def label(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("x-request-id", request_id)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self.app(scope, receive, label)


class ActorMiddleware:
    """Finds who sends the request: by the session cookie, or by a personal token on the management API.

    A request that a browser sends with the cookie and that changes something must come from our own pages. Fetch
    Metadata (`Sec-Fetch-Site`) says so, or `Origin` in older browsers; the cookie is `SameSite=Lax` besides. Without
    the cookie too, no other site may have a browser sign in here as somebody else.
    """

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self.app = app
        self.services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(NO_ACTOR):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        cookie = cookie_parser(headers.get("cookie", "")).get(SESSION_COOKIE)
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        token = bearer.strip() if scheme.lower() == "bearer" and bearer.startswith(sign_in.TOKEN_PREFIX) else None
        state = scope.setdefault("state", {})
        state["actor"] = ANONYMOUS
        by_browser = cookie or "sec-fetch-site" in headers
        if token is None and by_browser and scope["method"] not in SAFE_METHODS and not _from_own_pages(headers):
            error = Forbidden("This request came from another site; open the page here and send it again.")
            await send_problem(scope, receive, send, error)
            return
        if token is not None or cookie:
            try:
                actor = await run_in_threadpool(self._find, token, cookie)
            except Unavailable as error:
                await send_problem(scope, receive, send, error)
                return
            if actor is None and token is not None:
                await send_problem(scope, receive, send, NotSignedIn("This access token is not valid any more."))
                return
            state["actor"] = actor or ANONYMOUS
            state["session_token"] = cookie
        await self.app(scope, receive, send)

    def _find(self, token: str | None, cookie: str | None) -> Actor | None:
        with self.services.database.reading() as session:
            if token is not None:
                person_id = sign_in.person_of_access_token(session, token)
            else:
                person_id = sign_in.person_of_session(session, cookie or "")
            return parties.actor_for(session, person_id) if person_id else None


def _from_own_pages(headers: Headers) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    return urlsplit(headers.get("origin", "")).netloc == headers.get("host")
