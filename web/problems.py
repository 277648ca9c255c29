"""Errors as answers: RFC 9457 problem details for programs, a page with a way out for people."""

import re
import traceback
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from contracts.errors import Gone, InvalidInput, NotFound, NotSignedIn, ShuyiError
from web import messages
from web.rendering import render

FILES = re.compile(r"/catalog\.\w+|/dataset/[^/]+\.(ttl|jsonld|xml)|/dataset/[^/]+/download/.+")
"""Addresses of files: programs fetch them, and people who follow a link."""
PROGRAM_PATHS = ("/api/", "/data/", "/healthz", "/readyz", "/metrics", "/stripe/")
log = structlog.get_logger(__name__)


def answer(request: Request, error: ShuyiError) -> Response:
    """The answer to a request that ended in `error`."""
    headers = {"Cache-Control": "no-store"}
    if retry_after := getattr(error, "retry_after", None):
        headers["Retry-After"] = str(retry_after)
    if _is_program(request):
        if isinstance(error, NotSignedIn):
            headers["WWW-Authenticate"] = "Bearer"
        body = error.problem(instance=request.url.path)
        body["request_id"] = getattr(request.state, "request_id", None)
        return JSONResponse(body, error.status, headers, "application/problem+json")
    if isinstance(error, NotSignedIn) and request.method == "GET":
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(target, safe='')}", 303)
    return render(
        request,
        "error.html",
        status_code=error.status,
        headers=headers,
        error=error,
        title=messages.title(error),
        detail=messages.tell(error.detail),
        gone=isinstance(error, Gone),
        request_id=getattr(request.state, "request_id", ""),
    )


def _is_program(request: Request) -> bool:
    if request.url.path.startswith(PROGRAM_PATHS):
        return True
    accept = request.headers.get("accept", "")
    if FILES.fullmatch(request.url.path):
        return "text/html" not in accept
    return "application/json" in accept or "application/problem+json" in accept


async def send_problem(scope: Scope, receive: Receive, send: Send, error: ShuyiError) -> None:
    """Answer from a middleware."""
    await answer(Request(scope, receive), error)(scope, receive, send)


class UnexpectedError(ShuyiError):
    """A fault of ours. Its cause is in the log under the request id, never in the answer."""

    code = "unexpected"
    title = "Something went wrong on our side"


class MethodNotAllowed(ShuyiError):
    """The address exists, this method does not."""

    status = 405
    code = "method-not-allowed"
    title = "Method not allowed"


def from_validation(error: RequestValidationError) -> InvalidInput:
    """FastAPI's own finding, in our terms; the rejected value is left out, it may be personal."""
    errors: list[dict[str, str]] = []
    for found in error.errors():
        place = [str(part) for part in found["loc"] if part not in ("body", "query", "path", "header")]
        errors.append({"pointer": "#/" + "/".join(place), "detail": str(found["msg"])})
    first = errors[0] if errors else {"pointer": "#", "detail": "not valid"}
    return InvalidInput(f"{first['pointer'].removeprefix('#/') or 'request'}: {first['detail']}", errors=errors)


def install(app: FastAPI) -> None:
    """Register the handlers."""

    async def shuyi_error(request: Request, error: Any) -> Response:
        return answer(request, error)

    async def validation_error(request: Request, error: Any) -> Response:
        return answer(request, from_validation(error))

    async def http_error(request: Request, error: Any) -> Response:
        known: ShuyiError
        if error.status_code == 404:
            known = NotFound("There is nothing at this address.")
        elif error.status_code == 405:
            known = MethodNotAllowed("This address does not answer that method.")
        else:
            known = InvalidInput(str(error.detail))
        return answer(request, known)

    async def unexpected(request: Request, error: Exception) -> Response:
        # Where, not what: a library's message may quote a cell of somebody's table.
        frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-6:]]
        log.error("request.failed", path=request.url.path, error=type(error).__name__, frames=frames)
        return answer(request, UnexpectedError("This is our fault and has been recorded. Please try again."))

    app.add_exception_handler(ShuyiError, shuyi_error)
    app.add_exception_handler(RequestValidationError, validation_error)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unexpected)
