"""CKAN's manner of speaking: parameters from JSON, forms and the query; envelopes; its errors by `__type`."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response

JSON_TYPE = "application/json;charset=utf-8"
Parameters = dict[str, Any]


class BadRequest(Exception):
    """Told as a bare JSON string, without an envelope, as CKAN does."""


class ActionError(Exception):
    """An error in CKAN's envelope."""

    def __init__(self, status: int, kind: str, **fields: Any) -> None:
        super().__init__(kind)
        self.status = status
        self.body = {"__type": kind, **fields}


def not_found(message: str = "Not found") -> ActionError:
    """404 in CKAN's words."""
    return ActionError(404, "Not Found Error", message=message)


def invalid(**fields: list[str]) -> ActionError:
    """409 with messages by field."""
    return ActionError(409, "Validation Error", **fields)


def denied(message: str) -> ActionError:
    """403: CKAN never answers 401."""
    return ActionError(403, "Authorization Error", message=f"Access denied: {message}")


def missing(name: str) -> ActionError:
    """A required parameter did not come."""
    return invalid(**{name: ["Missing value"]})


async def parameters(request: Request) -> Parameters:
    """What the caller sent: JSON, a form (also JSON as its only key), or the query of a GET."""
    if request.method in ("GET", "HEAD"):
        return _pairs(request.query_params.multi_items())
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        async with request.form() as form:
            sent = _pairs((name, value) for name, value in form.multi_items() if not isinstance(value, UploadFile))
        if len(sent) == 1 and next(iter(sent.values())) == "" and next(iter(sent)).startswith("{"):
            return _decoded(next(iter(sent)))
        return sent
    body = (await request.body()).decode("utf-8", errors="replace")
    return _decoded(body) if body.strip() else {}


def _pairs(items: Any) -> Parameters:
    found: Parameters = {}
    for name, value in items:
        if name in found:
            found[name] = [*found[name], value] if isinstance(found[name], list) else [found[name], value]
        else:
            found[name] = value
    return found


def _decoded(text: str) -> Parameters:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise BadRequest("JSON Error: Error decoding JSON data.") from error
    if not isinstance(data, dict):
        raise BadRequest(f"JSON Error: Request data JSON decoded to {data!r:.100} but it needs to be a dictionary.")
    return data


def integer(sent: Mapping[str, Any], name: str, default: int) -> int:
    """A natural number."""
    value = sent.get(name, default)
    try:
        number = int(value)
    except (TypeError, ValueError) as error:
        raise invalid(**{name: ["Invalid integer"]}) from error
    if number < 0:
        raise invalid(**{name: ["Must be a natural number"]})
    return number


def boolean(sent: Mapping[str, Any], name: str, default: bool = False) -> bool:
    """CKAN's boolean_validator."""
    value = sent.get(name, default)
    return value if isinstance(value, bool) else str(value).lower() in ("true", "yes", "t", "y", "1")


def json_list(sent: Mapping[str, Any], name: str) -> list[str]:
    """A list, or a list as JSON text."""
    value = sent.get(name, [])
    if isinstance(value, list):
        return [str(item) for item in value]
    try:
        decoded = json.loads(value)
    except ValueError:
        decoded = None
    if not isinstance(decoded, list):
        raise invalid(**{name: ["Could not parse as valid JSON", "Not a list"]})
    return [str(item) for item in decoded]


def success(request: Request, action: str, result: Any, callback: str | None) -> Response:
    """200 in CKAN's envelope."""
    return _answer({"help": _help(request, action), "success": True, "result": result}, 200, callback)


def failure(request: Request, action: str, error: ActionError, callback: str | None) -> Response:
    """An error in CKAN's envelope."""
    body = {"help": _help(request, action), "success": False, "error": error.body}
    return _answer(body, error.status, callback)


def bad_request(error: BadRequest) -> Response:
    """A bare JSON string."""
    return JSONResponse(f"Bad request: {error}", 400, media_type=JSON_TYPE)


def _help(request: Request, action: str) -> str:
    return f"{request.url.scheme}://{request.url.netloc}/api/3/action/help_show?name={action}"


def _answer(body: dict[str, Any], status: int, callback: str | None) -> Response:
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}
    if callback and callback.replace(".", "").replace("_", "").isalnum():
        script = f"{callback}({json.dumps(body)});"
        return Response(script, status, headers, "application/javascript;charset=utf-8")
    return JSONResponse(body, status, headers, JSON_TYPE)
