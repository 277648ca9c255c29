"""The API documentation, made from the OpenAPI description: a page of our own that reads without script."""

import re
from typing import Any

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from web.dependencies import ServicesOf
from web.i18n import gettext as _
from web.rendering import render

router = APIRouter(include_in_schema=False)
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
