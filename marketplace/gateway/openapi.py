"""The description of one data product's API in OpenAPI 3.1, from the contract of its release. Holds no data."""

import re
from typing import Any

import orjson

from contracts.schema import ContractField, DataContract
from contracts.text import pick
from marketplace.gateway.aggregates import MOST_GROUPINGS, MOST_MEASURES
from marketplace.gateway.columns import UNITS
from marketplace.gateway.directory import Product, Shelf
from marketplace.gateway.geometry import FARTHEST_METRES
from marketplace.gateway.negotiation import FILES, GROUPS, MEDIA_TYPES, RECORD, ROWS, Form

LANGUAGE = "en"
_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer", "format": "int64"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
}
_SHOWN_TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z?$"}
"""ISO 8601; without a `Z` it is the local time of the place it is about."""
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
_LIMIT = {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
_OFFSET = {"type": "integer", "minimum": 0, "maximum": 10_000_000, "default": 0}
_PAGING: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("limit", _LIMIT, "Rows in an answer."),
    ("offset", _OFFSET, "Rows to skip."),
    ("cursor", {"type": "string"}, "`next` of the answer before; of CSV and Arrow, its `X-Next-Cursor`."),
    ("count", {"type": "boolean", "default": False}, "Whether to count all rows that fit."),
    ("format", {"enum": list(ROWS)}, "The form of the answer, before `Accept`."),
)
_HEADERS: tuple[tuple[str, dict[str, Any], str], ...] = (
    (
        "Shuyi-Dry-Run",
        {"enum": ["1", "0"], "default": "0"},
        "With 1 the answer tells what the call would cost and what is left of quota and rate. Nothing is paid.",
    ),
    (
        "X-Request-Id",
        {"type": "string", "pattern": "^[A-Za-z0-9._:-]{8,128}$"},
        "A name for the request: it is answered for nothing when it comes again within a day.",
    ),
    ("If-None-Match", {"type": "string"}, "`ETag` of the answer one has: 304 where it is still right, for nothing."),
)
_TOLD: dict[str, str] = {
    "ETag": "Tag of the answer.",
    "RateLimit": "Calls that are left, and seconds until all are again (draft-ietf-httpapi-ratelimit-headers-11).",
    "RateLimit-Policy": "Calls a minute, and units a month where they are limited.",
    "X-Receipt": "Number of the receipt, where the answer cost a unit.",
    "X-Request-Id": "The name of the request, sent or made.",
}


def describe_api(product: Product, shelf: Shelf, base_url: str) -> bytes:
    """The document as JSON."""
    contract = shelf.contract
    fields = contract.fields
    names = [name for name in dict.fromkeys([*(one.name for one in fields), *(one.range_of for one in fields)]) if name]
    filters = [_filter(field) for field in fields if field.range_of is None] + _generalised(fields) + _places(contract)
    select = _parameter("select", _several(["_id", *names]), "Fields to answer with, comma separated.", names[:2])
    sort = _parameter(
        "sort",
        _several([f"{sign}{name}" for name in ("_id", *names) for sign in ("", "-")]),
        "Fields to sort by, comma separated; `-` before a field for descending.",
        [f"-{names[-1]}", names[0]],
    )
    words = _parameter("q", {"type": "string"}, "Words that a row has somewhere in its texts and dates.")
    served = [one.version for one in product.shelves if one.withdrawn is None]
    version = _parameter("release", {"enum": served}, "A version; the newest when left out.")
    query = [select, sort, words, version, *filters]
    key_type = _TYPES["integer"]
    if contract.primary_key and (key := contract.field(contract.primary_key)):
        key_type = _TYPES[key.type] | ({"minLength": 1} if key.type == "string" else {})
    files = {"enum": [str(file["name"]) for file in shelf.files]}
    forms = _parameter("format", {"enum": list(FILES), "default": "csv"}, "The form of the file, before `Accept`.")
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": product.slug,
            "version": shelf.version,
            "description": (
                "Comparisons are written behind a field's name: `.eq`, `.ne`, `.gt`, `.gte`, `.lt`, `.lte`, `.in` "
                "(comma separated), `.like` (`*` any characters) and `.null=true|false`. All that are given must hold. "
                "`Accept-Encoding` may ask for zstd or gzip; what is recorded of an answer is counted before."
            ),
        },
        "servers": [{"url": f"{base_url.rstrip('/')}/data/v1/{product.slug}"}],
        "security": [{}] if product.openness == "unconditional" else [{"key": []}],
        "paths": {
            "/records": _get(
                "Rows that fit",
                [*query, *(_parameter(*control) for control in _PAGING)],
                _in_forms(ROWS, "Records"),
                headers={"X-Next-Cursor": "Of CSV and Arrow: where the next rows begin, if there are any."},
            ),
            "/records/{key}": _get(
                "One row by its key",
                [_parameter("key", key_type, _key_meaning(contract), place="path"), select, version],
                _in_forms(RECORD, "Records"),
            ),
            "/aggregate": _get(
                "Groups of rows and their figures",
                [*_grouping(contract), version, *filters],
                _in_forms(GROUPS, "Groups"),
            ),
            "/schema": _get("What the fields mean", [version], _json("Schema")),
            "/releases": _get("The releases", [], _json("Releases")),
            "/export": _get("All rows that fit, as a file", [*query, forms], _in_forms(FILES, "Cost")),
            "/files/{name}": _get(
                "A file of the release; `Range` asks for a part",
                [_parameter("name", files, "The file's name.", place="path"), version],
                {media_type: {} for media_type in sorted({str(file["media_type"]) for file in shelf.files})}
                | _json("Paper"),
                {"206": {"description": "The part asked for"}, "416": {"description": "There are no such bytes"}},
            ),
        },
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key"}},
            "schemas": {"Record": {"type": "object", "properties": {field.name: _schema(field) for field in fields}}}
            | _SCHEMAS,
        },
    }
    return orjson.dumps(document)


def _key_meaning(contract: DataContract) -> str:
    return f"The row's {contract.primary_key}." if contract.primary_key else "The row's number, `_id`."


def _grouping(contract: DataContract) -> list[dict[str, Any]]:
    """The parameters of `/aggregate` besides filters and version."""
    moments = [field for field in contract.fields if field.type in ("date", "timestamp")]
    dated = [
        f"{field.name}:{unit}" for field in moments for unit in UNITS if unit != "hour" or field.type == "timestamp"
    ]
    names = [field.name for field in contract.fields]
    number = next((field.name for field in contract.fields if field.type in ("integer", "number")), None)
    return [
        _parameter(
            "group_by",
            _several([*names, *dated], MOST_GROUPINGS),
            "Fields to group by, comma separated; dates and times with a unit: `field:month` (year, quarter, month, "
            "week, day, hour).",
            (dated or names)[:1],
        ),
        _parameter(
            "measures",
            _measures(contract) | {"default": ["count"]},
            "Figures of each group, comma separated: `count`, `count:field`, `distinct:field`, `sum:field`, "
            "`avg:field`, `min:field`, `max:field`, `quantile:field:0.9`.",
            ["count", f"avg:{number}"] if number else ["count"],
        ),
        _parameter(
            "sort", {"type": "string"}, "Groups or figures to sort by; `-` before one for descending.", "-count"
        ),
        _parameter("limit", _LIMIT, "Groups in an answer."),
        _parameter("offset", _OFFSET | {"maximum": 1_000_000}, "Groups to skip."),
        _parameter("format", {"enum": list(GROUPS)}, "The form of the answer, before `Accept`."),
    ]


def _measures(contract: DataContract) -> dict[str, Any]:
    names = [field.name for field in contract.fields]
    numbers = [field.name for field in contract.fields if field.type in ("integer", "number")]
    simple = ["count", *(f"{function}:{name}" for function in ("count", "distinct", "min", "max") for name in names)]
    simple += [f"{function}:{name}" for function in ("sum", "avg", "quantile") for name in numbers]
    schema = _several(simple, MOST_MEASURES)
    if numbers:
        shares = f"^quantile:({'|'.join(map(re.escape, numbers))}):(0|1|0\\.[0-9]+)$"
        schema["items"] = {"anyOf": [schema["items"], {"type": "string", "pattern": shares}]}
    return schema


def _places(contract: DataContract) -> list[dict[str, Any]]:
    """`near` and `bbox`, behind a coordinate where a row has several places."""
    several = len(contract.coordinates) > 1
    found = []
    for pair in contract.coordinates:
        front = f"{pair.latitude}." if several else ""
        about = f" by {pair.longitude} and {pair.latitude}" if several else ""
        found += [
            _parameter(
                f"{front}near",
                _numbers((-180, 180), (-90, 90), (1, FARTHEST_METRES)),
                f"Rows within a circle{about}: longitude,latitude,metres (WGS84, great circles).",
                [114.0596, 22.5431, 1000],
            ),
            _parameter(
                f"{front}bbox",
                _numbers((-180, 180), (-90, 90), (-180, 180), (-90, 90)),
                f"Rows in a box{about}: west,south,east,north in degrees; west is greater than east across the 180th "
                "meridian.",
                [113.75, 22.45, 114.62, 22.87],
            ),
        ]
    return found


def _several(values: list[str], most: int | None = None) -> dict[str, Any]:
    """Some of these, with commas between."""
    schema = {"type": "array", "items": {"enum": values}, "minItems": 1, "uniqueItems": True}
    return schema | ({"maxItems": most} if most else {})


def _numbers(*bounds: tuple[float, float]) -> dict[str, Any]:
    """So many numbers with commas between, each within its bounds."""
    return {
        "type": "array",
        "prefixItems": [{"type": "number", "minimum": least, "maximum": most} for least, most in bounds],
        "items": {"type": "number"},
        "minItems": len(bounds),
        "maxItems": len(bounds),
    }


def _in_forms(forms: tuple[Form, ...], schema: str) -> dict[str, Any]:
    """Content of these forms; in JSON also what a dry run tells."""
    content: dict[str, Any] = {MEDIA_TYPES[form].partition(";")[0]: {} for form in forms if form != "json"}
    return _json(schema) | content


def _json(schema: str) -> dict[str, Any]:
    references = [{"$ref": f"#/components/schemas/{name}"} for name in dict.fromkeys((schema, "Cost"))]
    return {"application/json": {"schema": {"anyOf": references} if len(references) > 1 else references[0]}}


def _get(
    summary: str,
    parameters: list[dict[str, Any]],
    content: dict[str, Any],
    more: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    waits = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
    refusals = {
        status: {"description": why, "content": problem} | ({"headers": waits} if status in ("429", "503") else {})
        for status, why in _REFUSALS.items()
    }
    told = {
        name: {"schema": {"type": "string"}, "description": meaning}
        for name, meaning in (_TOLD | (headers or {})).items()
    }
    answers = {"200": {"description": "OK", "content": content, "headers": told}, "304": {"description": "Not changed"}}
    asked = parameters + [_parameter(*header, place="header") for header in _HEADERS]
    return {"get": {"summary": summary, "parameters": asked, "responses": answers | (more or {}) | refusals}}


def _parameter(
    name: str, schema: dict[str, Any], description: str, example: Any = None, *, place: str = "query"
) -> dict[str, Any]:
    told: dict[str, Any] = {"name": name, "in": place, "schema": schema, "description": description}
    if schema.get("type") == "array":
        told |= {"style": "form", "explode": False}
    return told | ({"required": True} if place == "path" else {}) | ({"example": example} if example else {})


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
    schema = dict(_SHOWN_TIME if field.type == "timestamp" else _TYPES[field.type])
    if field.nullable or field.type == "number":  # JSON has no word for what is no number, or without end
        schema["type"] = [schema["type"], "null"]
    if meaning := _meaning(field):
        schema["description"] = meaning
    return schema


def _answered(name: str, items: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """An answer of rows or groups."""
    properties: dict[str, Any] = {
        "release": {"type": "string"},
        "sample": {"type": "boolean", "description": "Whether a test key read the approved sample."},
        name: {"type": "array", "items": items},
        "receipt": {"type": ["string", "null"]},
    }
    properties |= more
    return {"type": "object", "required": ["release", name, "receipt", *more], "properties": properties}


_COUNT = {"type": "integer", "minimum": 0}
_MAYBE_COUNT = {"type": ["integer", "null"], "minimum": 0}
_RECORDS = _answered("records", {"$ref": "#/components/schemas/Record"}, {"next": {"type": ["string", "null"]}})
_RECORDS["properties"]["total"] = _COUNT | {"description": "Rows that fit, where `count` asked for it."}
_SCHEMAS: dict[str, Any] = {
    "Records": _RECORDS,
    "Groups": _answered("groups", {"type": "object"}, {"total": _COUNT}),
    "Schema": {"type": "object", "required": ["dataset", "release", "rows", "fields", "primary_key", "coordinates"]},
    "Releases": {"type": "object", "required": ["dataset", "releases"]},
    "Paper": {"type": "object"},
    "Cost": {
        "type": "object",
        "description": "What a call would cost (`Shuyi-Dry-Run: 1`).",
        "required": ["dry_run", "units", "reason", "quota", "rate", "admitted"],
        "properties": {
            "dry_run": {"const": True},
            "units": _COUNT,
            "reason": {
                "enum": ["", "description", "not-modified", "open", "repeat", "sandbox"],
                "description": "Why it costs nothing; empty where it costs something.",
            },
            "quota": {
                "type": ["object", "null"],
                "description": "Of the running month, live to a few seconds; null where nothing is counted.",
                "required": ["quota", "limit", "used", "left", "period_end"],
                "properties": {
                    "quota": _MAYBE_COUNT,
                    "limit": _MAYBE_COUNT,
                    "used": {"type": "integer"},
                    "left": _MAYBE_COUNT,
                    "period_end": {"type": "string", "format": "date-time"},
                },
            },
            "rate": {
                "type": "object",
                "required": ["limit", "left", "reset"],
                "properties": {"limit": _COUNT, "left": _COUNT, "reset": _COUNT},
            },
            "admitted": {"type": "boolean", "description": "Whether the quota allows it now."},
        },
    },
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
}
