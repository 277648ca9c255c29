"""The addresses of the CKAN face: `/api/3/action/…` and `/api/action/…`."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from marketplace.gateway.callers import Caller, FromAddress, WithKey
from web.ckan import datastore
from web.ckan.actions import ACTIONS, WRITING, Asked
from web.ckan.wire import (
    JSON_TYPE,
    ActionError,
    BadRequest,
    Parameters,
    bad_request,
    denied,
    failure,
    parameters,
    success,
)
from web.context import Services

router = APIRouter(tags=["CKAN"], include_in_schema=False)


@router.get("/api")
@router.get("/api/3")
@router.get("/api/3/")
def version(request: Request) -> Response:
    """The version of the API."""
    return JSONResponse({"version": 3 if request.url.path.rstrip("/").endswith("3") else 1}, media_type=JSON_TYPE)


@router.api_route("/api/3/action/{name}", methods=["GET", "HEAD", "POST"])
@router.api_route("/api/action/{name}", methods=["GET", "HEAD", "POST"])
async def action(request: Request, name: str) -> Response:
    """One action."""
    callback: str | None = None
    try:
        sent = await parameters(request)
        callback = sent.pop("callback", None) if request.method == "GET" else None
        if name in WRITING and request.method in ("GET", "HEAD"):
            raise BadRequest(f"Action name not known or not usable with GET: {name}")
        if name in WRITING:
            raise denied("datasets are published here by release requests, not by this action")
        if name not in ACTIONS and name != "datastore_search":
            raise BadRequest(f"Action name not known: {name}")
        result = await run_in_threadpool(_run, request, name, sent)
    except BadRequest as error:
        return bad_request(error)
    except ActionError as error:
        return failure(request, name, error, callback)
    return success(request, name, result, callback)


def _run(request: Request, name: str, sent: Parameters) -> Any:
    services: Services = request.app.state.services
    with services.database.reading() as session:
        asked = Asked(
            session, request.app.state.search_index, services.settings, services.settings.base_url.rstrip("/"), sent
        )
        if name == "datastore_search":
            return datastore.search(asked, request.app.state.gateway, _caller(request))
        return ACTIONS[name](asked)


def _caller(request: Request) -> Caller:
    """CKAN's clients send the bare key as `Authorization`."""
    sent = request.headers.get("authorization") or request.headers.get("x-ckan-api-key") or ""
    address = request.client.host if request.client else ""
    if sent:
        return WithKey(sent.removeprefix("Bearer ").strip(), address)
    return FromAddress(address)
