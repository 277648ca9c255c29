"""`datastore_search`: rows of a release, through the same delivery service as every other byte of it."""

from typing import Any

import orjson

from catalog.releases.models import Release
from contracts.schema import DataContract
from marketplace.gateway.app import Gateway
from marketplace.gateway.callers import Caller
from marketplace.gateway.delivery import Call
from web.ckan.actions import Asked, filters_of, find_resource
from web.ckan.wire import ActionError, boolean, denied, integer, invalid

MAX_LIMIT = 1000
TYPES = {
    "string": "text",
    "integer": "int4",
    "number": "numeric",
    "boolean": "bool",
    "date": "date",
    "timestamp": "timestamp",
}
OPERATORS = {"eq", "gt", "gte", "lt", "lte", "in", "ne"}


def search(asked: Asked, gateway: Gateway, caller: Caller) -> dict[str, Any]:
    """Rows with filters, sorting, paging and field selection. Conditional data needs an API key as the token."""
    identifier = asked.sent.get("resource_id") or asked.sent.get("id")
    if not identifier:
        raise invalid(resource_id=["Missing value"])
    if asked.sent.get("q"):
        raise invalid(q=["Full text search in rows is not offered here; use filters"])
    dataset, release, _ = find_resource(asked, str(identifier))
    limit = min(integer(asked.sent, "limit", 100), MAX_LIMIT)
    offset = integer(asked.sent, "offset", 0)
    include_total = boolean(asked.sent, "include_total", True)
    parameters = [("release", release.version), *_filters(filters_of(asked.sent))]
    columns = _fields(release, asked.sent.get("fields"))
    parameters.append(("select", ",".join(column["id"] for column in columns)))
    if asked.sent.get("sort"):
        parameters.append(("sort", _sort(asked.sent["sort"])))
    if limit == 0:
        # Asking for the columns alone costs nothing.
        found: dict[str, Any] = {"records": [], "total": release.rows}
    else:
        parameters += [("limit", str(limit)), ("offset", str(offset))]
        if include_total:
            parameters.append(("count", "true"))
        found = _deliver(gateway, Call(dataset.slug, "records", caller, tuple(parameters)))
    records = found["records"]
    result: dict[str, Any] = {
        "fields": columns,
        "include_next_page": False,
        "include_total": include_total,
        "limit": limit,
        "offset": offset,
        "records": records,
        "records_format": "objects",
        "resource_id": identifier,
    }
    if include_total:
        result |= {"total": found["total"], "total_was_estimated": False}
    base = f"/api/3/action/datastore_search?resource_id={identifier}&limit={limit}"
    return result | {"_links": {"start": base, "next": f"{base}&offset={offset + limit}"}}


def _filters(filters: dict[str, Any]) -> list[tuple[str, str]]:
    parameters: list[tuple[str, str]] = []
    for name, value in filters.items():
        if isinstance(value, dict):
            unknown = sorted(set(value) - OPERATORS)
            if unknown:
                raise invalid(filters=[f"Unknown operator: {unknown[0]}"])
            parameters += [(f"{name}.{operator}", _text(wanted)) for operator, wanted in value.items()]
        elif isinstance(value, list):
            parameters.append((f"{name}.in", _text(value)))
        else:
            parameters.append((name, _text(value)))
    return parameters


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _sort(value: Any) -> str:
    parts = value if isinstance(value, list) else str(value).split(",")
    terms: list[str] = []
    for part in parts:
        name, _, direction = str(part).strip().partition(" ")
        terms.append(f"-{name}" if direction.strip().lower().startswith("desc") else name)
    return ",".join(terms)


def _deliver(gateway: Gateway, call: Call) -> dict[str, Any]:
    answer = gateway.deliver(call)
    body: dict[str, Any] = orjson.loads(answer.read())
    if answer.status == 200:
        return body
    detail = str(body.get("detail", ""))
    if answer.status in (401, 402, 403):
        raise denied(detail)
    if answer.status == 422:
        errors = body.get("errors") or [{"pointer": "#/filters", "detail": detail}]
        field = str(errors[0]["pointer"]).removeprefix("#/")
        key = "sort" if field == "sort" else "fields" if field == "select" else "filters"
        raise invalid(**{key: [str(errors[0]["detail"])]})
    raise ActionError(answer.status, str(body.get("title", "Error")), message=detail)


def _fields(release: Release, chosen: Any) -> list[dict[str, str]]:
    wanted = chosen if isinstance(chosen, list) else [part.strip() for part in str(chosen or "").split(",") if part]
    contract = DataContract.model_validate(release.contract)
    unknown = sorted(set(wanted) - {field.name for field in contract.fields} - {"_id"})
    if unknown:
        raise invalid(fields=[f'Field "{unknown[0]}" is not recognized'])
    shown = [field for field in contract.fields if not wanted or field.name in wanted]
    head = [] if wanted and "_id" not in wanted else [{"id": "_id", "type": "int"}]
    return head + [{"id": field.name, "type": TYPES[field.type]} for field in shown]
