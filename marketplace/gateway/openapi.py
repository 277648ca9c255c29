"""The description of one data product's API in OpenAPI 3.1, from the contract of its release. Holds no data."""

from typing import Any

import orjson

from contracts.schema import ContractField
from contracts.text import pick
from marketplace.gateway.directory import Product, Shelf

LANGUAGE = "en"
_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
}
_REFUSALS = {
    "401": "The key is missing, unknown, revoked or expired.",
    "402": "A payment is due first.",
    "403": "The key's subscription does not include this.",
    "404": "There is no such thing.",
    "410": "The release was withdrawn.",
    "422": "A parameter is wrong; `errors` names it.",
    "429": "The rate or the quota is used up; `Retry-After` says for how long.",
    "503": "Not possible right now; `Retry-After` says when to ask again.",
}
_CONTROLS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("select", {"type": "string"}, "Fields to answer with, comma separated."),
    ("sort", {"type": "string"}, "Fields to sort by, comma separated; `-` before a field for descending."),
    ("q", {"type": "string"}, "Words that a row has somewhere in its texts and dates."),
    ("release", {"type": "string"}, "A version; the newest when left out."),
)
_PAGING: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}, "Rows in an answer."),
    ("offset", {"type": "integer", "minimum": 0, "default": 0}, "Rows to skip."),
    ("cursor", {"type": "string"}, "`next` of the answer before."),
    ("count", {"type": "boolean", "default": False}, "Whether to count all rows that fit."),
    ("format", {"enum": ["json", "csv"]}, "The form of the answer."),
)

_AGGREGATING: tuple[tuple[str, dict[str, Any], str], ...] = (
    (
        "group_by",
        {"type": "string"},
        "Fields to group by, comma separated; dates and times with a unit: `field:month` (year, quarter, month, week, "
        "day, hour).",
    ),
    (
        "measures",
        {"type": "string", "default": "count"},
        "Figures of each group, comma separated: `count`, `count:field`, `distinct:field`, `sum:field`, `avg:field`, "
        "`min:field`, `max:field`, `quantile:field:0.9`.",
    ),
    ("sort", {"type": "string"}, "Groups or figures to sort by; `-` before one for descending."),
    ("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}, "Groups in an answer."),
    ("offset", {"type": "integer", "minimum": 0, "default": 0}, "Groups to skip."),
    ("release", {"type": "string"}, "A version; the newest when left out."),
    ("format", {"enum": ["json", "csv"]}, "The form of the answer."),
)


def describe_api(product: Product, shelf: Shelf, base_url: str) -> bytes:
    """The document as JSON."""
    fields = shelf.contract.fields
    filters = [_filter(field) for field in fields if field.range_of is None] + _generalised(fields)
    query = [_parameter(*control) for control in _CONTROLS] + filters
    record = {"$ref": "#/components/schemas/Record"}
    records = {
        "type": "object",
        "required": ["release", "records", "next", "receipt"],
        "properties": {
            "release": {"type": "string"},
            "sample": {"type": "boolean"},
            "records": {"type": "array", "items": record},
            "next": {"type": ["string", "null"]},
            "total": {"type": "integer"},
            "receipt": {"type": ["string", "null"]},
        },
    }
    groups = {
        "type": "object",
        "required": ["release", "groups", "total", "receipt"],
        "properties": {
            "release": {"type": "string"},
            "sample": {"type": "boolean"},
            "groups": {"type": "array", "items": {"type": "object"}},
            "total": {"type": "integer"},
            "receipt": {"type": ["string", "null"]},
        },
    }
    small = [_parameter(*control) for control in _CONTROLS if control[0] in ("select", "release")]
    version = [_parameter(*control) for control in _CONTROLS if control[0] == "release"]
    key_type = _TYPES["integer"]
    if shelf.contract.primary_key and (key := shelf.contract.field(shelf.contract.primary_key)):
        key_type = _TYPES[key.type]
    forms = _parameter("format", {"enum": ["csv", "parquet"], "default": "csv"}, "The form of the file.")
    files = {"enum": [str(file["name"]) for file in shelf.files]}
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": product.slug,
            "version": shelf.version,
            "description": (
                "Comparisons are written behind a field's name: `.eq`, `.ne`, `.gt`, `.gte`, `.lt`, `.lte`, `.in` "
                "(comma separated), `.like` (`*` any characters) and `.null=true|false`. All that are given must hold."
            ),
        },
        "servers": [{"url": f"{base_url.rstrip('/')}/data/v1/{product.slug}"}],
        "security": [{}] if product.openness == "unconditional" else [{"key": []}],
        "paths": {
            "/records": _get(
                "Rows that fit",
                [*query, *(_parameter(*control) for control in _PAGING)],
                {"application/json": {"schema": records}, "text/csv": {"schema": {"type": "string"}}},
            ),
            "/records/{key}": _get(
                "One row by its key",
                [_parameter("key", key_type, "The row's key.", place="path"), *small],
                {"application/json": {"schema": records}},
            ),
            "/aggregate": _get(
                "Groups of rows and their figures",
                [*(_parameter(*control) for control in _AGGREGATING), *filters],
                {"application/json": {"schema": groups}, "text/csv": {"schema": {"type": "string"}}},
            ),
            "/schema": _get("What the fields mean", version, {"application/json": {"schema": {"type": "object"}}}),
            "/releases": _get("The releases", [], {"application/json": {"schema": {"type": "object"}}}),
            "/export": _get(
                "All rows that fit, as a file",
                [*query, forms],
                {"text/csv": {}, "application/octet-stream": {}},
            ),
            "/files/{name}": _get(
                "A file of the release; `Range` asks for a part",
                [_parameter("name", files, "The file's name.", place="path"), *version],
                {"application/octet-stream": {}},
                {"206": {"description": "The part asked for"}, "416": {"description": "There are no such bytes"}},
            ),
        },
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key"}},
            "schemas": {
                "Record": {"type": "object", "properties": {field.name: _schema(field) for field in fields}},
                "Problem": {
                    "type": "object",
                    "description": "RFC 9457",
                    "required": ["type", "title", "status", "detail"],
                    "properties": {
                        "type": {"type": "string", "format": "uri-reference"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                        "errors": {"type": "array", "items": {"type": "object"}},
                    },
                },
            },
        },
    }
    return orjson.dumps(document)


def _get(
    summary: str, parameters: list[dict[str, Any]], content: dict[str, Any], more: dict[str, Any] | None = None
) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    refusals = {status: {"description": why, "content": problem} for status, why in _REFUSALS.items()}
    answers = {"200": {"description": "OK", "content": content}, "304": {"description": "Not changed"}}
    return {"get": {"summary": summary, "parameters": parameters, "responses": answers | (more or {}) | refusals}}


def _parameter(name: str, schema: dict[str, Any], description: str, *, place: str = "query") -> dict[str, Any]:
    told = {"name": name, "in": place, "schema": schema, "description": description}
    return told | ({"required": True} if place == "path" else {})


def _filter(field: ContractField) -> dict[str, Any]:
    return _parameter(field.name, _TYPES[field.type], f"Rows where this is the value. {_meaning(field)}".strip())


def _generalised(fields: list[ContractField]) -> list[dict[str, Any]]:
    """What was generalised is asked for by its own name: rows whose range or code may stand for the value."""
    found: dict[str, ContractField] = {}
    for field in fields:
        if field.range_of and field.bound in ("low", "code"):
            found.setdefault(field.range_of, field)
    return [
        _parameter(name, _TYPES[field.type], f"Rows whose published range may stand for this value. {_meaning(field)}")
        for name, field in found.items()
    ]


def _meaning(field: ContractField) -> str:
    return ". ".join(pick(text, LANGUAGE) for text in (field.title, field.description) if text)


def _schema(field: ContractField) -> dict[str, Any]:
    schema = dict(_TYPES[field.type])
    if field.nullable:
        schema["type"] = [schema["type"], "null"]
    if meaning := _meaning(field):
        schema["description"] = meaning
    return schema
