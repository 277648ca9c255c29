"""The API documentation, made from the OpenAPI description; nothing of it comes from elsewhere.

`/docs` is our own page and reads without script. `/docs/console` is Swagger UI from the files inside the package
fastapi-offline, for trying calls out; its own small script starts it, since no inline script is allowed.
"""

import gzip
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from contracts.errors import NotFound
from web.dependencies import ServicesOf
from web.i18n import gettext as _
from web.rendering import render

router = APIRouter(include_in_schema=False)
FILES = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#console",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
  validatorUrl: null,
});
"""
# Swagger UI's style sheet draws its signs from data: addresses and sets widths on elements.
CONSOLE_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; base-uri 'none'; object-src 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
METHODS = ("get", "post", "put", "patch", "delete")


@router.get("/docs")
def docs_page(request: Request, services: ServicesOf) -> Response:
    description = request.app.openapi()
    return render(
        request,
        "portal/docs.html",
        groups=operations(description),
        base_url=services.settings.base_url.rstrip("/"),
    )


@router.get("/docs/console")
def console(request: Request) -> Response:
    page = render(request, "portal/console.html").body
    return HTMLResponse(page, headers={"Content-Security-Policy": CONSOLE_POLICY, "Cache-Control": "private, no-cache"})


@router.get("/docs/files/{name}")
def console_file(request: Request, name: str) -> Response:
    if name == "start.js":
        return Response(START, media_type="text/javascript", headers={"Cache-Control": "public, max-age=3600"})
    if name not in FILES:
        raise NotFound("There is nothing at this address.")
    headers = {"Cache-Control": "public, max-age=86400", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(_packed(name), media_type=FILES[name], headers=headers | {"Content-Encoding": "gzip"})
    return Response(_plain(name), media_type=FILES[name], headers=headers)


def _plain(name: str) -> bytes:
    spec = find_spec("fastapi_offline")
    if spec is None or not spec.submodule_search_locations:
        raise NotFound("The package fastapi-offline is not installed; run `uv sync`.")
    return (Path(next(iter(spec.submodule_search_locations))) / "static" / name).read_bytes()


@cache
def _packed(name: str) -> bytes:
    return gzip.compress(_plain(name), compresslevel=6, mtime=0)


def operations(description: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Every operation by its tag: method, path, summary, description, parameters, body, answers."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, item in description.get("paths", {}).items():
        for method in METHODS:
            if method not in item:
                continue
            found = item[method]
            body = found.get("requestBody", {}).get("content", {})
            entry = {
                "id": re.sub(r"[^a-z0-9]+", "-", f"{method}-{path}".lower()).strip("-"),
                "method": method.upper(),
                "path": Markup("/<wbr>").join(path.split("/")),
                "address": f"{method.upper()} {path}",
                "summary": found.get("summary", ""),
                "description": found.get("description", ""),
                "rows": [_row(one) for one in found.get("parameters", [])]
                + [row for content in body.values() for row in _fields(content.get("schema", {}), description)],
                "answers": [(status, one.get("description", "")) for status, one in found.get("responses", {}).items()],
            }
            groups.setdefault((found.get("tags") or ["other"])[0], []).append(entry)
    return sorted(groups.items())


def _row(one: dict[str, Any]) -> list[str]:
    """Name, place, type, whether it must come, description: one parameter."""
    required = _("yes") if one.get("required") else _("no")
    return [one["name"], one["in"], _type(one.get("schema", {})), required, one.get("description", "")]


def _fields(schema: dict[str, Any], description: dict[str, Any]) -> list[list[str]]:
    """The fields of a body, one level deep."""
    resolved = _resolved(schema, description)
    required = set(resolved.get("required", ()))
    return [
        _row(
            {
                "name": name,
                "in": "body",
                "schema": _resolved(one, description),
                "required": name in required,
                "description": one.get("description", ""),
            }
        )
        for name, one in resolved.get("properties", {}).items()
    ]


def _resolved(schema: dict[str, Any], description: dict[str, Any]) -> dict[str, Any]:
    """What a `$ref` points to; a reference into a part of its own, which has no place in the whole, stays as it is."""
    found: Any = description
    for part in schema.get("$ref", "").removeprefix("#/").split("/"):
        if not isinstance(found, dict) or part not in found:
            return schema
        found = found[part]
    return dict(found)


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"{_type(schema.get('items', {}))}[]"
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    return str(schema.get("type") or schema.get("$ref", "").rpartition("/")[2] or "any")
